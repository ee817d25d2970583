/**
 * Makes this machine ready for one purpose (`--for demo|test|check|…`) and is silent and quick when it is.
 * Runs before anything is installed: plain JavaScript, no dependency, any Node since 18. This file has to parse on
 * older ones too, so that they get a sentence instead of a syntax error.
 */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 18 || (major === 18 && minor >= 12)) {
  import('./setup/main.mjs').then((setup) => setup.main(process.argv.slice(2)));
} else {
  console.error(
    `setup: Node ${process.versions.node} is too old to set rtpfleet up; 18.12 is the oldest that works.\n` +
      '  Install the package nodejs of Debian 12 or newer. rtpfleet itself brings the Node that it runs on.',
  );
  process.exitCode = 2;
}
