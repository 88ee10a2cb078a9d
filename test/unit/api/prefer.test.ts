import { waitSecondsIn } from '../../../api/prefer';

test.each([
  ['wait=5', 5],
  ['Wait = 5', 5],
  ['wait="5"', 5],
  ['respond-async, wait=5', 5],
  ['wait=5; foo=bar', 5],
  ['wait=5, wait=7', 5],
  ['wait=0', 0],
])('%s asks to wait', (Prefer, seconds) => {
  expect(waitSecondsIn({ Prefer })).toBe(seconds);
});

test.each(['wait=21', 'wait=999999999'])('%s is heeded as far as a request is held', (Prefer) => {
  expect(waitSecondsIn({ Prefer })).toBe(20);
});

test.each([
  '',
  'wait',
  'wait=',
  'wait=-1',
  'wait=1.5',
  'wait=5s',
  'waiting=5',
  'wait=x, wait=7',
  'handling=lenient',
])('what is not a whole number of seconds is ignored: "%s"', (Prefer) => {
  expect(waitSecondsIn({ Prefer })).toBe(0);
});

test('without Prefer nothing is waited for', () => {
  expect(waitSecondsIn({})).toBe(0);
});
