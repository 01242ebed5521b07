export * from '@inplace-abn/optim';
