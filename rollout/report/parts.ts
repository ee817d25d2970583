import { html, type Markup, type Part } from './markup.ts';
import { secondsBetween } from './relay-story.ts';
import type { Report } from './types.ts';
import { offset } from './words.ts';

/** A term and its value, with a remark below. */
export function item(term: string, value: string, remark?: string): Markup {
  return html`<div><dt>${term}</dt><dd>${value}${note(remark, (text) => text)}</dd></div>`;
}

/** A remark below a value; nothing when there is none. */
export function note<T>(value: T | undefined, word: (value: T) => string): Part {
  return value === undefined ? undefined : html`<small>${word(value)}</small>`;
}

/** Times as since the start of the rollout, with the time of day when the pointer rests on them. */
export function clockOf({ run }: Report): (at: string | undefined) => Markup {
  return (at) => {
    const seconds = secondsBetween(run.startedAt, at);
    return seconds === undefined ? html`–` : html`<span title="${at}">${offset(seconds, true)}</span>`;
  };
}
