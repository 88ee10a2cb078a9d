import { progressTable, type Progress } from '../../../scripts/demo/play';
import { createScreen, fitted } from '../../../scripts/demo/screen';
import { storyOf } from '../../../scripts/demo/story';

const progressOf = (index: number, more: Partial<Progress>): Progress => ({
  story: storyOf('1A2B3C4D')[index]!,
  ...{ sent: undefined, state: 'WAITING', lastStep: '', endedAtMs: undefined },
  ...more,
});

function recorded(isTTY: boolean) {
  let written = '';
  const output = { isTTY, columns: 80, rows: 24, write: (text: string) => (written += text) };
  return { screen: createScreen(output), written: () => written };
}

test('a log has no control characters, and no lines that are redrawn', () => {
  const { screen, written } = recorded(false);
  screen.show(['redrawn']);
  screen.say('stays');
  screen.noteChange('changed');
  expect(written()).toMatch(/^stays\n\[ +\d+\.\d s\] changed\n$/);
});

test('on a terminal, what is said stands above the redrawn lines', () => {
  const { screen, written } = recorded(true);
  screen.show(['one', 'two']);
  screen.say('stays');
  expect(written()).toBe('one\ntwo\n\x1b[2A\x1b[0Jstays\none\ntwo\n');
});

test('lines are cut to the terminal, so that none wraps or scrolls out', () => {
  expect(fitted(['abcdef', 'b', 'c', 'd'], 4, 3)).toEqual(['abc', 'b']);
});

test('what was waited for is said, with the place where it is', async () => {
  const { screen, written } = recorded(false);
  await expect(screen.waitFor('API', Promise.resolve(8080), (port) => `port ${port}`)).resolves.toBe(8080);
  expect(written()).toMatch(/API: ready after \d+\.\d s at port 8080\n$/);
});

test('a failure while waiting is passed on', async () => {
  const { screen } = recorded(false);
  await expect(screen.waitFor('API', Promise.reject(new Error('no')))).rejects.toThrow('no');
});

test('the progress table tells of each application its state, its time and its last step', () => {
  const sent = { applicationId: 'LA1', flowId: 'f:LA1', atMs: 1_000 };
  const lines = progressTable(
    [
      progressOf(0, { sent, state: 'PAYING_OUT', lastStep: 'reserve-funds → fund-management-system' }),
      progressOf(3, { sent, state: 'DISBURSED', endedAtMs: 1_900 }),
      progressOf(4, {}),
    ],
    3_500,
  );
  expect(lines.map((line) => line.trimEnd())).toEqual([
    '1 of 3 loan applications have ended',
    '  cn-lost-answer      CNY 4,200.00 PAYING_OUT       2.5 s reserve-funds → fund-management-system',
    '• cn-partner-pays       CNY 100.00 DISBURSED        0.9 s',
    '  cn-second-loan      CNY 8,000.00 WAITING',
  ]);
});
