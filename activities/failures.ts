// Turns the core's refusals into Temporal failures: what cannot get better by repetition is not repeated.
import { ApplicationFailure } from '@temporalio/common';
import { DomainError } from '../services/shared/errors.ts';

/** Runs the work; a DomainError becomes an ApplicationFailure of its code, retryable only where the outcome is still open. Anything else stays retryable. */
export async function retryable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DomainError)
      throw ApplicationFailure.create({
        message: error.message,
        type: error.code,
        nonRetryable: error.code !== 'payment_unavailable' && error.code !== 'unavailable',
        details: [error.details],
      });
    throw error;
  }
}
