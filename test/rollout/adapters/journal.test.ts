import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { JOURNAL_FOLDER, journalFile, journalsOf, openJournal } from '../../../rollout/adapters/journal.ts';
import type { RolloutEvent } from '../../../rollout/core/events.ts';

const clock = { now: () => Date.parse('2026-08-11T10:00:00.000Z') };

function inFolder(act: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'rtpfleet-journal-'));
  try {
    act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('each event is a line of the file and handed to every view', () => {
  inFolder((folder) => {
    const file = join(folder, 'deep', 'run.jsonl');
    const seen: RolloutEvent[] = [];
    openJournal(file, 'r1', clock, [(event) => seen.push(event)]).write({ kind: 'foreseen', lines: ['x'] });
    const expected = { v: 1, at: '2026-08-11T10:00:00.000Z', run: 'r1', kind: 'foreseen', lines: ['x'] };
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(expected);
    expect(seen).toEqual([expected]);
  });
});

test('a place that cannot be written to is refused before the run; one that is full ends it, and is heard of', () => {
  inFolder((folder) => {
    writeFileSync(join(folder, 'file'), '');
    const wrong = () => openJournal(join(folder, 'file', 'run.jsonl'), 'r1', clock, []);
    expect(wrong).toThrow(expect.objectContaining({ kind: 'usage', code: 'journal' }));
  });
  const seen: RolloutEvent[] = [];
  // Takes no byte, and says so only when one is written: full(4).
  const journal = openJournal('/dev/full', 'r1', clock, [(event) => seen.push(event)]);
  const write = () => journal.write({ kind: 'foreseen', lines: ['x'] });
  expect(write).toThrow(expect.objectContaining({ kind: 'stop', code: 'journal' }));
  expect(seen).toHaveLength(1);
});

test('journals of a folder come oldest first; a folder that is not there has none', () => {
  inFolder((folder) => {
    for (const name of ['r20260812-1.jsonl', 'r20260811-2.jsonl', 'r20260811-1.jsonl.wish'])
      writeFileSync(join(folder, name), '');
    expect(journalsOf(folder)).toEqual([
      join(folder, 'r20260811-2.jsonl'),
      join(folder, 'r20260812-1.jsonl'),
    ]);
    expect(journalsOf(join(folder, 'none'))).toEqual([]);
  });
  expect(journalFile('r1')).toBe(`${JOURNAL_FOLDER}/r1.jsonl`);
});
