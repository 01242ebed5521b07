export * from '@inplace-abn/train';
