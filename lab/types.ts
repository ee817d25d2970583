/** GCE's resources as its own contract types them. Types only; what they allow at run time is lab/contract/validate.ts. */
import type { google } from '@google-cloud/compute/build/protos/protos.js';

export type Address = google.cloud.compute.v1.IAddress;
export type Disk = google.cloud.compute.v1.IDisk;
export type Firewall = google.cloud.compute.v1.IFirewall;
export type ForwardingRule = google.cloud.compute.v1.IForwardingRule;
export type HealthCheck = google.cloud.compute.v1.IHealthCheck;
export type Image = google.cloud.compute.v1.IImage;
export type Instance = google.cloud.compute.v1.IInstance;
export type InstanceGroupManager = google.cloud.compute.v1.IInstanceGroupManager;
export type InstanceProperties = google.cloud.compute.v1.IInstanceProperties;
export type InstanceTemplate = google.cloud.compute.v1.IInstanceTemplate;
export type ManagedInstance = google.cloud.compute.v1.IManagedInstance;
export type Metadata = google.cloud.compute.v1.IMetadata;
export type Network = google.cloud.compute.v1.INetwork;
export type NetworkInterface = google.cloud.compute.v1.INetworkInterface;
export type Operation = google.cloud.compute.v1.IOperation;
export type PerInstanceConfig = google.cloud.compute.v1.IPerInstanceConfig;
export type PreservedState = google.cloud.compute.v1.IPreservedState;
export type Router = google.cloud.compute.v1.IRouter;
export type Subnetwork = google.cloud.compute.v1.ISubnetwork;
export type TargetInstance = google.cloud.compute.v1.ITargetInstance;

/** A JSON object as it came over the wire, after the contract has been checked. */
export type Json = Readonly<Record<string, unknown>>;

/** What every resource has. */
export type Named = {
  id?: unknown;
  name?: string | null;
  selfLink?: string | null;
  creationTimestamp?: string | null;
};

/** A canonical link, e.g. `https://www.googleapis.com/compute/v1/projects/p/zones/z/instances/x`: the key of every table. */
export type Link = string;
