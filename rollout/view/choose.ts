/** Where the events of a run are shown: JSON lines, plain lines, or a picture on a terminal. */
import process from 'node:process';
import type { RolloutEvent } from '../core/events.ts';
import { tersely } from './lines.ts';
import { screenView } from './screen.ts';

export type View = {
  readonly show: (event: RolloutEvent) => void;
  /** Resolves once everything is drawn. */
  readonly close: () => Promise<void>;
};

export function chooseView({ json, isTty }: { readonly json: boolean; readonly isTty: boolean }): View {
  if (json) return streamView((event) => [JSON.stringify(event)]);
  return isTty ? screenView() : streamView(tersely());
}

function streamView(format: (event: RolloutEvent) => readonly string[]): View {
  return {
    show: (event) => {
      for (const line of format(event)) process.stdout.write(`${line}\n`);
    },
    close: async () => undefined,
  };
}
