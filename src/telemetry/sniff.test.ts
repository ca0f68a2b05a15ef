import { describe, expect, it } from 'vitest'
import { delimiterOf, sniff, splitHeader } from './sniff.js'

const looks = (content: string | Uint8Array): string => {
  const sniffed = sniff(typeof content === 'string' ? Buffer.from(content) : content)
  return sniffed.format ?? sniffed.looks
}

describe('sniff', () => {
  it.each([
    ['ElfFile\0...', 'evtx'],
    [`${'\0'.repeat(4096)}ElfChnk\0`, 'evtx'],
    ['{"a":1}', 'json'],
    ['\ufeff \n [ {', 'json'],
    ['[]', 'json'],
    ['{', 'json'],
    ['<Event xmlns="x">', 'xml'],
    ['<?xml version="1.0"?><Events>', 'xml'],
    ['<e:Event xmlns:e="x">', 'xml'],
    ['Timestamp,DeviceName\n', 'csv'],
    ['"TimeGenerated [UTC]";"Computer"', 'csv'],
  ])('%j is %s', (content, format) => {
    expect(looks(content)).toBe(format)
    if (format !== 'evtx') expect(looks(Buffer.from(`\ufeff${content}`, 'utf16le'))).toBe(format)
  })

  it.each([
    ['', 'nothing'],
    ['   \n', 'nothing but blanks'],
    ['[section]\nkey=value', 'plain text'],
    ['{curly} prose', 'plain text'],
    ['# A title\n\nHello, world.', 'plain text'],
    ['Copyright (c) 2024, Somebody, Inc. All rights reserved.', 'plain text'],
    ['<html><body>', 'markup that is no event log'],
    ['\x01\x02\x03', 'binary data'],
    ['#separator \\x09\n#fields\tts', 'a Zeek log'],
    ['MZ\x90\0', 'a Windows program'],
  ])('%j is no telemetry', (content, expected) => {
    expect(looks(content)).toBe(expected)
  })

  it('names captures by their magic', () => {
    expect(looks(Uint8Array.of(0xd4, 0xc3, 0xb2, 0xa1, 2, 0))).toBe('a network capture (pcap)')
  })
})

it('a header is split at the delimiter that splits it most, and not inside quotes', () => {
  expect(delimiterOf('"a,b";c;d')).toBe(';')
  expect(splitHeader('"a,b";"c ""d""";e', ';')).toEqual(['a,b', 'c "d"', 'e'])
  expect(delimiterOf('one')).toBeUndefined()
})
