import { describe, expect, it } from 'vitest';
import { safeName, savedNames } from '../src/lib/names';

describe('safeName', () => {
  it.each([
    ['a.txt', 'a.txt'],
    ['folder/sub/a.txt', 'a.txt'],
    ['..\\..\\evil.exe', 'evil.exe'],
    ['../', 'file'],
    ['a\r\nb.txt', 'ab.txt'],
    ['a\u202Etxt.exe', 'atxt.exe'],
    ['a"b?.txt', 'a_b_.txt'],
    ['名前.zip', '名前.zip'],
    ['con.txt', '_con.txt'],
    ['name. . ', 'name'],
    ['', 'file'],
    ['..', 'file'],
    ['.bashrc', '.bashrc'],
  ])('%j is saved as %j', (given, wanted) => {
    expect(safeName(given)).toBe(wanted);
  });

  it('shortens to 200 bytes and keeps the extension', () => {
    const name = safeName(`${'名'.repeat(300)}.tar.gz`);
    expect(new TextEncoder().encode(name).length).toBeLessThanOrEqual(200);
    expect(name.endsWith('.tar.gz')).toBe(true);
  });
});

describe('savedNames', () => {
  it('numbers a name that is met again', () => {
    expect(savedNames(['name.txt', 'name.txt', 'x/name.txt'])).toEqual(['name.txt', 'name (2).txt', 'name (3).txt']);
  });

  it('does not collide with a name that is already numbered', () => {
    expect(savedNames(['a.txt', 'a (2).txt', 'a.txt'])).toEqual(['a.txt', 'a (2).txt', 'a (3).txt']);
  });

  it('takes names that differ in case for the same', () => {
    expect(savedNames(['A.TXT', 'a.txt'])).toEqual(['A.TXT', 'a (2).txt']);
  });

  it('numbers before a double extension and after a name without one', () => {
    expect(savedNames(['b.tar.gz', 'b.tar.gz', 'Makefile', 'Makefile'])).toEqual([
      'b.tar.gz', 'b (2).tar.gz', 'Makefile', 'Makefile (2)',
    ]);
  });
});
