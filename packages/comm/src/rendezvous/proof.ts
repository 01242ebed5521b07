/**
 * Each side of a connection proves that it knows the run's secret: HMAC-SHA256 over the nonces of both. The secret itself
 * is never sent. Without a secret the proof is made with an empty one, which anybody can.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export type Side = 'rank 0' | 'member';

export function nonce(): string {
  return randomBytes(16).toString('hex');
}

export function proofOf(secret: string, side: Side, challenge: string, answer: string): string {
  return createHmac('sha256', secret).update(`${side}\n${challenge}\n${answer}`).digest('hex');
}

export function isProof(given: unknown, expected: string): boolean {
  if (typeof given !== 'string' || given.length !== expected.length) return false;
  return timingSafeEqual(Buffer.from(given), Buffer.from(expected));
}
