const common = {
  transform: { '^.+\\.ts$': '@swc/jest' },
  testEnvironment: 'node',
  modulePathIgnorePatterns: ['<rootDir>/var/', '<rootDir>/.cache/'],
};

/** Unit tests need no server; integration tests run on a real PostgreSQL and a real Temporal server. */
module.exports = {
  // No test asserts a time; this only ends one that hangs, also on a machine with much else to do.
  testTimeout: 60_000,
  // Jest would run one file after the other on two cores, and much of the time is waited: for deaths to be noticed, for parties.
  maxWorkers: 4,
  testSequencer: '<rootDir>/test/support/longest-first.js',
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
    {
      ...common,
      displayName: 'integration',
      testMatch: ['<rootDir>/test/integration/**/*.test.ts'],
      globalSetup: '<rootDir>/test/support/global-setup.ts',
      globalTeardown: '<rootDir>/test/support/global-teardown.ts',
    },
  ],
};
