// After each file of the flow tests (its own clean-up included) the shared stack is looked at as a whole.
import { afterAll, inject } from 'vitest';
import { expectClean } from './net.ts';

afterAll(() => expectClean(inject('stack')));
