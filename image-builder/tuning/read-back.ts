/** What a machine said of its tuning (`rtpfleet-tuning`), for the acceptance of its image. Pure. */
import { Ajv, type JSONSchemaType } from 'ajv';

/** One setting as it was found; `actual` null: it is not there. The states are those of image-builder/on-image/rtpfleet-tuning. */
export type Reading = {
  readonly kind: (typeof KINDS)[number];
  readonly name: string;
  readonly wanted: string;
  readonly actual: string | null;
  readonly state: State;
};

const KINDS = ['sysctl', 'limit', 'cpus', 'argument', 'irq'] as const;
const STATES = [
  'in-force',
  'differs',
  'absent',
  'gone',
  'not-set',
  'not-loaded',
  'no-card',
  'host',
  'hidden',
] as const;
type State = (typeof STATES)[number];

export type Tuning = {
  readonly kernel: string;
  /** Empty: a machine of its own. */
  readonly container: string;
  readonly parameters: readonly Reading[];
};

export type TuningAnswer =
  | { readonly kind: 'in-force'; readonly tuning: Tuning }
  | { readonly kind: 'faults'; readonly faults: readonly string[] };

const text = { type: 'string' } as const;
const READING: JSONSchemaType<Reading> = {
  type: 'object',
  required: ['kind', 'name', 'wanted', 'actual', 'state'],
  properties: {
    kind: { type: 'string', enum: KINDS },
    name: text,
    wanted: text,
    actual: { type: 'string', nullable: true as never },
    state: { type: 'string', enum: STATES },
  },
};

const isTuning = new Ajv().compile<Tuning>({
  type: 'object',
  required: ['kernel', 'container', 'parameters'],
  properties: { kernel: text, container: text, parameters: { type: 'array', minItems: 1, items: READING } },
});

/** Silence, or what cannot be read, is a fault: a relay that says nothing has not been looked at. */
export function readTuning(told: string): TuningAnswer {
  const tuning = parsed(told);
  if (!isTuning(tuning)) {
    const words = told === '' ? 'it said nothing of it' : `it said ${told.slice(0, 200)}`;
    return { kind: 'faults', faults: [words] };
  }
  const wrong = tuning.parameters.filter(({ state }) => state === 'differs' || state === 'absent');
  if (wrong.length === 0) return { kind: 'in-force', tuning };
  return {
    kind: 'faults',
    faults: wrong.map(({ name, wanted, actual }) => `${name} is ${actual ?? 'not there'}, wanted ${wanted}`),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const WORDS: Readonly<Record<Exclude<State, 'differs' | 'absent'>, string>> = {
  'in-force': 'in force',
  gone: 'gone from this kernel',
  'not-set': 'left as they are',
  'not-loaded': 'not loaded',
  'no-card': 'without a network card that it could be set for',
  host: "the host's",
  hidden: 'not visible in a container',
};

/** `27 settings: 15 in force, 8 not visible in a container, 4 gone from this kernel`. */
export function wordTuning({ parameters }: Tuning): string {
  const counts = (Object.keys(WORDS) as (keyof typeof WORDS)[]).flatMap((state) => {
    const count = parameters.filter((reading) => reading.state === state).length;
    return count === 0 ? [] : [`${count} ${WORDS[state]}`];
  });
  return `${parameters.length} settings: ${counts.join(', ')}`;
}
