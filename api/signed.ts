import { verify, type PartySecrets } from '../schemas/outside/signature';
import { Problem } from './problem';
import type { Parameter, RawCall } from './route';

const webhookIdParameter: Parameter = {
  in: 'header',
  name: 'webhook-id',
  description:
    "The party's id of the notification, up to 200 printable characters, the same whenever it is sent again.",
  schema: { type: 'string', pattern: '^[!-~]{1,200}$' },
  required: true,
  example: 'payout.settled:partner-nusantara:PO-LA01JD8X3M7Q2V-1',
  missing: 'SIGNATURE_MISSING',
};

/** What a signed request carries, after Standard Webhooks 1.0. */
export const signatureParameters: Parameter[] = [
  webhookIdParameter,
  {
    in: 'header',
    name: 'webhook-timestamp',
    description: 'When it is sent, in seconds since 1970.',
    schema: { type: 'string' },
    required: true,
    example: '1769846400',
    missing: 'SIGNATURE_MISSING',
  },
  {
    in: 'header',
    name: 'webhook-signature',
    description: 'Signatures after Standard Webhooks 1.0, separated by spaces.',
    schema: { type: 'string' },
    required: true,
    example: 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
    missing: 'SIGNATURE_MISSING',
  },
];

/**
 * Checks that a request is signed by the party that it says it is from, over its raw bytes.
 *
 * @returns the party; throws the problem with the signature
 */
export function checkSignature(
  partySecrets: PartySecrets,
  party: string,
  { headers, rawBody }: RawCall,
): string {
  const secrets = partySecrets.get(party);
  if (!secrets) throw new Problem('UNKNOWN_PARTY', 'No party of this id calls us.');
  const verdict = verify({ secrets, headers, rawBody });
  if (verdict === 'OK') return party;
  const hints = {
    SIGNATURE_MISSING: 'Send webhook-id, webhook-timestamp and webhook-signature.',
    SIGNATURE_INVALID: 'Sign "<webhook-id>.<webhook-timestamp>.<raw body>" with the secret agreed with us.',
    SIGNATURE_EXPIRED: 'Sign anew for each sending, with the time of that sending; check your clock.',
  };
  throw new Problem(verdict, hints[verdict]);
}
