/** A file from the network, by the program that apt fetches its own with: proxies work, and it is on every Debian. */
import { FleetError, isFleetError, reasonOf } from '../lib/errors.ts';
import { runCommand, type Shop } from './command.ts';

const APT_HELPER = '/usr/lib/apt/apt-helper';

/** @throws FleetError `usage`, code `no-source`: it cannot be fetched */
export async function fetchFile(shop: Shop, url: string, file: string): Promise<void> {
  const words = [APT_HELPER, '-qq', '-o', 'APT::Sandbox::User=', 'download-file', url, file];
  try {
    await runCommand(shop, words);
  } catch (error) {
    if (!isFleetError(error) || error.kind === 'interrupted') throw error;
    const said = reasonOf(error).split('\n').slice(1);
    throw new FleetError({
      kind: 'usage',
      code: 'no-source',
      message: `${url}: cannot be fetched: ${said.map((line) => line.trim()).join(' ')}`,
      hint: 'Fetch it by hand, and name the file with --source.',
      facts: { url },
      cause: error,
    });
  }
}
