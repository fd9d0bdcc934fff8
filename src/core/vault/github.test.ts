// Addresses at which GitHub is never asked, however they are spelled.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayAskAddress, problemOfGithubUrl } from './github.ts';

test('by TLS anywhere, and without it on this machine only', () => {
  for (const url of [
    'https://api.github.com/',
    'https://ghe.example.com:8443/api/v3',
    'https://10.1.2.3/',
    'https://[fd12::1]/',
  ]) {
    assert.equal(problemOfGithubUrl(url, false), undefined, url);
  }
  for (const url of [
    'http://127.0.0.1:3000/',
    'http://localhost:1',
    'http://[::1]:1/',
    'https://127.9.9.9/',
    'http://2130706433/',
  ]) {
    assert.equal(problemOfGithubUrl(url, true), undefined, url);
    assert.match(problemOfGithubUrl(url, false) ?? '', /root namespace/, url);
  }
  for (const url of [
    'http://ghe.example.com/',
    'http://10.1.2.3/',
    'http://localhost.example.com/',
    'http://127.0.0.1.example.com/',
  ]) {
    assert.equal(problemOfGithubUrl(url, true), 'must be https', url);
  }
});

test('never where a cloud answers its machines, nor what is no address', () => {
  for (const host of [
    ...['169.254.169.254', '0xa9fea9fe', '2852039166', '0251.0376.0251.0376', '[::ffff:169.254.169.254]', '[fe80::1]'],
    ...[
      '[fd00:ec2::254]',
      '0.0.0.0',
      '[::]',
      '100.100.100.200',
      '168.63.129.16',
      '[64:ff9b::169.254.169.254]',
      '224.0.0.1',
    ],
  ]) {
    assert.equal(problemOfGithubUrl(`https://${host}/`, true), 'names an address that is not asked', host);
  }
  for (const url of [
    '',
    'ghe',
    'file:///etc/passwd',
    'gopher://h/',
    'https://u:p@h/',
    'https://h/?q',
    'https://h/#f',
    `https://h/${'a'.repeat(600)}`,
  ]) {
    assert.ok(problemOfGithubUrl(url, true), url);
  }
});

test('a name stands for none of them, nor for this machine', () => {
  for (const address of [
    '127.0.0.1',
    '::1',
    'fe80::1%eth0',
    'localhost',
    '',
    '169.254.169.254',
    'fe80::1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '0.0.0.0',
  ]) {
    assert.equal(mayAskAddress(address), false, address);
  }
  for (const address of ['140.82.121.6', '10.0.0.1', '2606:50c0::1', '64:ff9b::8c52:7906'])
    assert.ok(mayAskAddress(address), address);
});
