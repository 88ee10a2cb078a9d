import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { armedWith } from '../../../crash/point';

/** What becomes of a process that passes two points. */
function passTwoPoints(env: Record<string, string>) {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [
      ...['-r', './scripts/typescript.js', '-e'],
      `const { crashPoint } = require('./crash/point');
       crashPoint('before-commit', 'this');
       crashPoint('after-commit', 'this');
       console.log('lived')`,
    ],
    { cwd: path.join(__dirname, '..', '..', '..'), env: { ...process.env, ...env }, encoding: 'utf8' },
  );
  return { status, signal, stdout, stderr };
}

describe('a crash point', () => {
  test('does nothing in a process that is not armed', () => {
    expect(passTwoPoints({})).toEqual({ status: 0, signal: null, stdout: 'lived\n', stderr: '' });
  });

  test('ends a process that its parent has armed with it, by SIGKILL, and tells where', () => {
    expect(passTwoPoints(armedWith(['after-commit this']))).toEqual({
      status: null,
      signal: 'SIGKILL',
      stdout: '',
      stderr: 'crash point: before-commit this\ncrash point: after-commit this\n',
    });
  });

  test('is only told of in a process that is armed with none', () => {
    expect(passTwoPoints(armedWith([]))).toMatchObject({ signal: null, stdout: 'lived\n' });
  });

  test('keeps a process from starting that another process than its parent has armed', () => {
    const { CRASH_POINTS } = armedWith(['before-commit this']);
    const copied = CRASH_POINTS.replace(String(process.pid), '1');
    const { status, stdout, stderr } = passTwoPoints({ CRASH_POINTS: copied });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('CRASH_POINTS was not set by the process that started this one: unset it.');
  });
});
