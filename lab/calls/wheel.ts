/** Sends for all calls from one timer: each rider is called every 20 ms, riders spread over four slots of 5 ms. */
export type Wheel = {
  /** `ride` is called once per turn with the number of turns since the last call (1, or more after a stall). */
  readonly add: (ride: Ride) => void;
  readonly remove: (ride: Ride) => void;
  readonly health: () => WheelHealth;
  readonly stop: () => void;
};

export type Ride = (turns: number) => void;

export type WheelHealth = {
  /** Times that the event loop was held up for a turn or more. */
  readonly stalls: number;
  readonly longestStallMs: number;
};

export type WheelClock = {
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Calls back after `ms`; returns what cancels it. */
  readonly after: (ms: number, call: () => void) => () => void;
};

const SLOT_MS = 5;
const SLOTS = 4;

const REAL_CLOCK: WheelClock = {
  now: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * Turns from now on. Slot times derive from the start, so nothing drifts. After a stall every slot is served once: what
 * was missed is skipped, since a burst would not be speech and could overflow a socket's buffer.
 */
export function startWheel(clock: WheelClock = REAL_CLOCK): Wheel {
  const slots = Array.from({ length: SLOTS }, () => new Map<Ride, number>());
  const start = clock.now();
  const health = { stalls: 0, longestStallMs: 0 };
  let served = 0;
  let cancel = () => {};
  const wake = () => {
    const due = Math.floor((clock.now() - start) / SLOT_MS);
    const lag = (due - served - 1) * SLOT_MS;
    if (lag >= SLOTS * SLOT_MS) {
      health.stalls += 1;
      health.longestStallMs = Math.max(health.longestStallMs, lag);
    }
    for (let slot = Math.max(served + 1, due - SLOTS + 1); slot <= due; slot += 1) serve(slots, slot);
    served = Math.max(served, due);
    cancel = clock.after(Math.max(0, start + (served + 1) * SLOT_MS - clock.now()), wake);
  };
  cancel = clock.after(SLOT_MS, wake);
  return {
    add: (ride) => {
      const emptiest = slots.reduce((least, slot) => (slot.size < least.size ? slot : least));
      emptiest.set(ride, Math.floor(served / SLOTS));
    },
    remove: (ride) => {
      for (const slot of slots) slot.delete(ride);
    },
    health: () => ({ ...health }),
    stop: () => cancel(),
  };
}

function serve(slots: readonly Map<Ride, number>[], slot: number): void {
  const turn = Math.floor(slot / SLOTS);
  const riders = slots[slot % SLOTS] ?? new Map<Ride, number>();
  for (const [ride, last] of [...riders]) {
    riders.set(ride, turn);
    ride(Math.max(1, turn - last));
  }
}
