import { randomBytes } from 'node:crypto';

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * A new business id: the prefix and a ULID (https://github.com/ulid/spec), 48 bits of time and 80 random bits in 26
 * characters. Ids of one time stand together in an index, and nobody can guess another's.
 */
export function newBusinessId(
  prefix: 'LA' | 'DL' | 'RQ' | 'EQ' | 'RO' | 'EO' | 'RF' | 'DR',
  now: Date = new Date(),
): string {
  const time = BigInt(now.getTime());
  let bits = (time << 80n) | BigInt(`0x${randomBytes(10).toString('hex')}`);
  let ulid = '';
  for (let position = 0; position < 26; position += 1) {
    ulid = CROCKFORD[Number(bits & 31n)]! + ulid;
    bits >>= 5n;
  }
  return prefix + ulid;
}
