export { CudaDevice, type CudaOptions, cuda, cudaOptions } from './device.js';
export { pluginPath } from './plugin.js';
export { chooseDevice, type DeviceChoice, parseDeviceName } from './program/choose.js';
export {
  checkProcessDevice,
  chooseProcessDevice,
  deviceOption,
  type ProcessDevice,
} from './program/process-device.js';
export { type CudaReport, type CudaReportDevice, type CudaReportLibrary, cudaReport } from './report.js';
