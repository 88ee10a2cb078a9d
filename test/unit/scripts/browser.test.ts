import { findChromium } from '../../../scripts/browser';

test('a machine without Chromium is told what to install', () => {
  expect(() => findChromium({ PATH: '/nowhere' })).toThrow(/apt-get install chromium.*CHROMIUM_PATH/);
});

test('the browser that is named is taken, and a wrong name is told', () => {
  expect(findChromium({ CHROMIUM_PATH: process.execPath })).toBe(process.execPath);
  expect(() => findChromium({ CHROMIUM_PATH: '/no/such/browser' })).toThrow('/no/such/browser');
});
