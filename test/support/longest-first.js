const Sequencer = require('@jest/test-sequencer').default;

/** Later kinds are shorter, and fill up the time in which a crash test waits for a death to be noticed. */
const longestFirst = [
  '/test/integration/crash/',
  '/test/integration/flows/reset-',
  '/test/integration/',
  '/test/unit/',
];

/**
 * The order in which Jest takes the test files: by kind, and within a kind as Jest has it (what failed last, then what took
 * longest, then what is largest). Jest alone knows no times in a fresh clone, and a crash test is a short file that takes minutes:
 * it would come last, and all would wait for it.
 */
module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const kindOf = ({ path }) => longestFirst.findIndex((folder) => path.includes(folder));
    return sorted.sort((one, other) => kindOf(one) - kindOf(other));
  }
};
