export { CommError } from './errors.js';
export { BUCKET_BYTES, type BucketOptions, bucketsOf, sumInBuckets } from './group/buckets.js';
export { type InitOptions, initProcessGroup, type Processes } from './group/init.js';
export type { SumTopology } from './group/nodes.js';
export { type GroupOptions, ProcessGroup } from './group/process-group.js';
export { type GroupShape, setWorldGroup, worldGroup } from './group/world-group.js';
export { withoutOption } from './launch/arguments.js';
export { followLauncher, launchedProcesses } from './launch/follow.js';
export { freePort } from './launch/free-port.js';
export { type LaunchOptions, launch } from './launch/launch.js';
export { type Appointment, appointmentOf } from './rendezvous/environment.js';
export { joinWorld } from './rendezvous/join.js';
export type { Master, MeetOptions } from './rendezvous/options.js';
export type { Placement } from './rendezvous/placement.js';
export type { PeerLoss, World } from './rendezvous/world.js';
export { type Cluster, type Link, processesOf, type Topology } from './scaling/cluster.js';
export {
  builtTopology,
  type CollectiveTimes,
  collectiveTimes,
  type Exchange,
} from './scaling/collectives.js';
export { type FailureOptions, type Failures, failuresOf } from './scaling/failures.js';
export type { SentSum, Urgency } from './scaling/lane.js';
export {
  type BucketMember,
  eventsOf,
  type StartEvent,
  type StepEvent,
  type TimedPlan,
  type WaitEvent,
} from './scaling/program.js';
export { type StepTimeline, simulate } from './scaling/timeline.js';
export { isBucket, overlappedSeconds, withBuckets } from './scaling/variants.js';
