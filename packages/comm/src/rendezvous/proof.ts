/**
 * Mutual authentication: each side proves that it knows the run's secret with an HMAC-SHA256 over both
 * nonces. The secret itself is never sent. Without a secret the key is empty, so anyone can compute the
 * proof.
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
