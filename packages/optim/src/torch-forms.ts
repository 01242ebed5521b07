import { ADAM_FORM } from './adam.js';
import { ADAMW_FORM } from './adamw.js';
import { LAMB_FORM } from './lamb.js';
import { RMSPROP_FORM } from './rmsprop.js';
import { SGD_FORM } from './sgd.js';
import type { TorchForm } from './torch-form.js';

/** The forms of all optimizers, to recognize whose state a file holds. */
export const TORCH_FORMS: readonly TorchForm[] = [SGD_FORM, ADAM_FORM, ADAMW_FORM, RMSPROP_FORM, LAMB_FORM];
