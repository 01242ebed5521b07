/** Weights from and to other frameworks, and models out. */
export {};
