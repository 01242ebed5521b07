export * from '@inplace-abn/core';
