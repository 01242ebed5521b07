import { describe, expect, it } from 'vitest';
import { isOfOtherPrimitive, sourcesUrl } from './onednn.mjs';

const NEEDED = [
  'src/cpu/x64/jit_avx512_core_bf16_conv_kernel.cpp',
  'src/cpu/x64/gemm/s8x8s32/jit_avx512_core_u8_copy_sum_bt_kern_autogen.cpp',
  'src/cpu/x64/injectors/jit_uni_eltwise_injector.cpp',
  'src/cpu/ref_inner_product.cpp',
  'src/cpu/x64/jit_gemm_inner_product_utils.cpp',
  'src/cpu/cpu_batch_normalization_list.cpp',
  'src/cpu/reorder/cpu_reorder.cpp',
];
const OTHERS = [
  'src/cpu/rnn/ref_rnn.cpp',
  'src/cpu/x64/lrn/jit_uni_lrn.cpp',
  'src/cpu/simple_sum.cpp',
  'src/cpu/x64/jit_uni_pooling.cpp',
];

describe("the packages' oneDNN", () => {
  it.each(NEEDED)('includes %s', (file) => expect(isOfOtherPrimitive(file)).toBe(false));

  it.each(OTHERS)('leaves out %s', (file) => expect(isOfOtherPrimitive(file)).toBe(true));

  it('has its sources next to the package on the same mirror', () => {
    const uris =
      "'http://mirror.example/debian/pool/main/o/onednn/libdnnl-dev_2.6.3-1_amd64.deb' libdnnl-dev_2.deb 1 SHA256:0\n";
    expect(sourcesUrl(uris)).toBe('http://mirror.example/debian/pool/main/o/onednn/onednn_2.6.3.orig.tar.gz');
    expect(() => sourcesUrl('')).toThrow('apt knows no mirror that has libdnnl-dev: run apt-get update');
  });
});
