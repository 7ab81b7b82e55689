import { describe, expect, it } from 'vitest';
import { readCode, showCode } from '../src/lib/code';
import { formatBytes, formatLeft, formatMoment, percent } from '../src/lib/format';
import { qrPath } from '../src/lib/qr';
import { RateMeter } from '../src/lib/rate';
import { parseRoute } from '../src/lib/router';

describe('readCode', () => {
  it.each([
    ['K7QM-2XWD', 'K7QM2XWD'],
    [' k7qm 2xwd ', 'K7QM2XWD'],
    ['kiqm-olwd', 'K1QM01WD'],
    ['https://host/ferry/r/k7qm-2xwd?x#y', 'K7QM2XWD'],
    ['K7QM-2XW', null],
    ['K7QM-2XWDA', null],
    ['K7QM-2XWU', null],
    ['', null],
    ['null', null],
  ])('%j reads as %j', (text, code) => {
    expect(readCode(text)).toBe(code);
  });

  it('shows a code in two groups', () => expect(showCode('K7QM2XWD')).toBe('K7QM-2XWD'));
});

describe('formats', () => {
  it.each([
    [0, '0 B'], [999, '999 B'], [1000, '1.00 KB'], [1_234_567, '1.23 MB'], [999_499, '999 KB'], [999_600, '1.00 MB'],
    [45_600_000_000, '45.6 GB'], [5e15, '5000 TB'],
  ])('%d bytes are %j', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [0.4, 'a second left'], [42.4, '42 s left'], [200, '3 min left'], [3720, '1 h 2 min left'], [Infinity, ''],
  ])('%d seconds are %j', (seconds, text) => expect(formatLeft(seconds)).toBe(text));

  it('says a moment from now', () => {
    const now = new Date(2026, 10, 23, 16, 0);
    expect(formatMoment(new Date(2026, 10, 23, 17, 5), now)).toBe('17:05');
    expect(formatMoment(new Date(2026, 10, 24, 14, 0), now)).toBe('tomorrow 14:00');
    expect(formatMoment(new Date(2026, 10, 27, 14, 0), now)).toBe('Friday 14:00');
    expect(formatMoment(new Date(2026, 11, 3, 14, 0), now)).toBe('3 Dec, 14:00');
  });

  it('never says 100 % early and never divides by nothing', () => {
    expect(percent(999, 1000)).toBe(99);
    expect(percent(1000, 1000)).toBe(100);
    expect(percent(0, 0)).toBe(0);
  });
});

describe('RateMeter', () => {
  it('says nothing before it knows, then a rate over its window', () => {
    const meter = new RateMeter(1000);
    meter.add(0, 0);
    expect(meter.rate()).toBe(0);
    for (let at = 100; at <= 3000; at += 100) meter.add(at * 10, at);
    expect(meter.rate()).toBeCloseTo(10_000);
    expect(meter.secondsLeft(20_000)).toBeCloseTo(2);
    for (let at = 3100; at <= 4500; at += 100) meter.add(30_000, at);
    expect(meter.rate()).toBe(0);
    expect(meter.secondsLeft(1)).toBe(Infinity);
  });
});

describe('parseRoute', () => {
  it.each([
    ['', { page: 'home' }],
    ['index.html', { page: 'home' }],
    ['r', { page: 'receive', code: '' }],
    ['r/K7QM-2XWD', { page: 'receive', code: 'K7QM-2XWD' }],
    ['s/abc', { page: 'share', id: 'abc' }],
    ['s', { page: 'unknown' }],
    ['x/y', { page: 'unknown' }],
  ])('%j', (path, route) => expect(parseRoute(path)).toEqual(route));
});

describe('qrPath', () => {
  it('draws the three finder patterns', () => {
    const { size, path } = qrPath('https://host.example/r/K7QM-2XWD');
    const finders = [[2, 2], [size - 9, 2], [2, size - 9]];
    for (const [x, y] of finders) expect(path).toContain(`M${x} ${y}h7v1h-7z`);
  });
});
