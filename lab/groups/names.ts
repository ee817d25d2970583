/** Names of a group's VMs: `base-x7k2`, or `rtpe-001` when the base name asks for numbers (`rtpe-###`, `rtpe-###[5]` = from 5). Pure. */

const NUMBERED = /^(.*-)(#{1,10})(?:\[(\d{1,10})\])?$/;
const LETTERS = '0123456789bcdfghjklmnpqrstvwxz';

/** A name that none of `taken` has. */
export function nextName(base: string, taken: ReadonlySet<string>, random: () => number): string {
  const numbered = NUMBERED.exec(base);
  if (numbered)
    return nextNumber(numbered[1] ?? '', numbered[2]?.length ?? 1, Number(numbered[3] ?? 1), taken);
  for (;;) {
    const suffix = Array.from({ length: 4 }, () => LETTERS[Math.floor(random() * LETTERS.length)]).join('');
    if (!taken.has(`${base}-${suffix}`)) return `${base}-${suffix}`;
  }
}

function nextNumber(prefix: string, digits: number, first: number, taken: ReadonlySet<string>): string {
  for (let number = first; ; number++) {
    const name = `${prefix}${String(number).padStart(digits, '0')}`;
    if (!taken.has(name)) return name;
  }
}
