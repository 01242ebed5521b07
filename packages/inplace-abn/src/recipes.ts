export * from '@inplace-abn/recipes';
