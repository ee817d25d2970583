import { FleetError } from '../../lib/errors.ts';

export type Interrupt = { readonly signal: AbortSignal; readonly forget: () => void };

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The first Ctrl-C ends the demo and begins the clean-up; a further one only says that it is under way. */
export function listenForInterrupt(): Interrupt {
  const controller = new AbortController();
  const onSignal = () => {
    const again = controller.signal.aborted;
    process.stderr.write(
      `\n${again ? 'Still cleaning up; a moment.' : 'Interrupted: taking everything down.'}\n`,
    );
    if (!again) controller.abort(interrupted('Interrupted.'));
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    forget: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}

/** How an interrupted demo ends. */
export function interrupted(message: string): FleetError {
  return new FleetError({ kind: 'interrupted', code: 'interrupted', message });
}
