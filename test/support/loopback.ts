let given = 0;

/** A loopback address of its own for each server of each test process, so that ports never meet. */
export function freshLoopback(): string {
  given += 1;
  return `127.${10 + (process.pid % 200)}.${Math.floor(process.pid / 200) % 256}.${given}`;
}
