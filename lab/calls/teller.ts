import type { CallLine, SummaryLine } from '../../rollout/report/call-lines.ts';

/** For people: a line every five seconds, each cut call or loss when it happens, the sum at the end. */
export function createTeller(): (line: CallLine) => void {
  const sum = { ended: 0, cut: 0, lost: 0, seconds: 0 };
  const say = (text: string) => process.stdout.write(`${text}\n`);
  return (line) => {
    switch (line.kind) {
      case 'started':
        return say(
          `calling through ${line.relays.join(', ')}; ${line.rate} calls/s, at least ${line.atLeast} at once, seed ${line.seed}`,
        );
      case 'second':
        sum.seconds += 1;
        if (sum.seconds % 5 === 0)
          say(`${wordSecond(line)}   ended ${sum.ended}, cut ${sum.cut}, packets lost ${sum.lost}`);
        return;
      case 'call-ended':
        sum.ended += 1;
        sum.cut += line.outcome === 'cut' ? 1 : 0;
        sum.lost += line.lost;
        if (line.outcome === 'cut' || line.lost > 0) say(wordTrouble(line));
        return;
      case 'summary':
        return say(wordSummary(line));
      default:
        line satisfies never;
    }
  };
}

function wordSecond(line: Extract<CallLine, { kind: 'second' }>): string {
  const each = Object.entries(line.relays).map(([relay, calls]) => `${relay} ${calls}`);
  return `${line.at.slice(11, 19)}  ${line.talking} calls   ${each.join('  ')}`;
}

function wordTrouble(line: Extract<CallLine, { kind: 'call-ended' }>): string {
  const cut = line.reason === undefined ? '' : `; cut: ${line.reason}`;
  return `call ${line.id} through ${line.relay ?? 'no relay'}: ${line.lost} packets lost${cut}`;
}

function wordSummary(line: SummaryLine): string {
  const { calls, cut, packetsLost, packetsSent, leastAtOnce = 0, mostAtOnce, diverted, reInvites } = line;
  return `${calls} calls, ${cut} cut, ${packetsLost} of ${packetsSent} RTP packets lost; ${leastAtOnce} to ${mostAtOnce} at once, ${reInvites} re-INVITEs, ${diverted} diverted`;
}
