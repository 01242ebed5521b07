export * from '@inplace-abn/nn';
