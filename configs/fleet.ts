/** Generated from schemas/fleet.schema.json by `pnpm types`; change the schema instead. */

/**
 * One fleet of RTPEngine relays: what its image holds, where it runs, and how it is rolled to a new image. Read by image:build, by the Pulumi program and by rollout.
 */
export interface Fleet {
  /**
   * Name of the fleet; first part of the name of its groups, templates and relays.
   */
  name: string;
  /**
   * Where the fleet runs.
   */
  cloud: {
    /**
     * Google Cloud project id.
     */
    project: string;
    /**
     * Home region: where Redis is and images are stored; its subnetwork has `network.range`.
     */
    region: string;
    /**
     * Zones of one or several regions, in the order in which a rollout visits them; one managed instance group each.
     *
     * @minItems 1
     * @maxItems 24
     */
    zones: string[];
    /**
     * Cloud Storage bucket through which image archives are imported. Absent: `<project>-rtpfleet-images`.
     */
    bucket?: string;
  };
  /**
   * The fleet's network and who may reach it.
   */
  network: {
    /**
     * IPv4 range of the subnetwork in the home region. The lab replaces it by its own.
     */
    range: string;
    /**
     * IPv4 range of the subnetwork in each further region that has zones, `region: range`.
     */
    ranges: {
      [k: string]: string;
    };
    /**
     * IPv4 ranges that may send RTP to the relays.
     *
     * @minItems 1
     */
    mediaSources: string[];
    /**
     * IPv4 ranges of the SIP proxies: they may reach ng. Empty: the subnetwork only.
     */
    proxySources: string[];
    /**
     * IPv4 ranges from which rollout runs: they may reach ng, CLI, HTTP and Redis. Empty: the subnetwork only.
     */
    controllerSources: string[];
    /**
     * External IPv4 address of a relay: `none`, `ephemeral` (changes when the relay is replaced) or `static` (kept).
     */
    externalAddresses: 'none' | 'ephemeral' | 'static';
    /**
     * `internal` = each relay has a further internal address, for media and ng, that can move to another relay together with the calls at it (`rollout --drain --handover`): a reserved address and a forwarding rule of internal protocol forwarding. Relays then keep their calls in Redis, each in a database of its own. `none` = media and ng are at the relay's own address.
     */
    floatingAddresses: 'none' | 'internal';
    /**
     * Network tier of external addresses: `PREMIUM` = Google's backbone, `STANDARD` = the nearest exit.
     */
    tier: 'PREMIUM' | 'STANDARD';
  };
  /**
   * The relays themselves.
   */
  relays: {
    /**
     * Relays in each zone.
     */
    perZone: number;
    /**
     * GCE machine type.
     */
    machineType: string;
    /**
     * Boot disk in GiB.
     */
    diskGb: number;
    /**
     * Boot disk type.
     */
    diskType: 'pd-standard' | 'pd-balanced' | 'pd-ssd';
    /**
     * Calls that one relay can carry. Absent: a quarter of its media ports, since an audio call takes four; what a relay's own session limit allows, where that is less.
     */
    maxCalls?: number;
    /**
     * Seconds after a boot before autohealing may judge a relay.
     */
    healSeconds: number;
    /**
     * What becomes of a relay whose RTPEngine does not answer: `repair` = its group re-creates it, `report` = it is left to people.
     */
    onUnhealthy: 'repair' | 'report';
    /**
     * Whether who may log in is said by IAM roles (OS Login) instead of SSH keys in the metadata. Images of this fleet then hold Google's OS Login, and the guest agent sets it up.
     */
    osLogin: boolean;
  };
  /**
   * The golden image that this fleet should run.
   */
  image: {
    /**
     * RTPEngine release as upstream tags it; mr13.4 = the newest of that series, latest = the newest of all.
     */
    version: string;
    /**
     * Operating system of the image. Debian 12 and 13 are proven by boots in the tests. Ubuntu 24.04 was started by hand; Ubuntu 22.04, which has no RTPEngine of its own, never.
     */
    base: 'debian-12' | 'debian-13' | 'ubuntu-22.04' | 'ubuntu-24.04';
    /**
     * Processors that the image is for; `relays.machineType` must have them. `arm64` is made of the base's own packages, forwards in user space, and was never started.
     */
    architecture: 'amd64' | 'arm64';
    /**
     * Where RTPEngine comes from: `debian` = the base's own packages, no compile; `git` = upstream's repository; any URL of git (`git+file:///srv/rtpengine.git`, `https://…#branch`); `https://…tar.gz#sha256=DIGEST` = a tarball; the path of a repository, folder or tarball, a relative one beginning with `./` and counted from the fleet file; `debs:FOLDER` = packages that are built already.
     */
    source: string;
    /**
     * Build profiles of the compile, for example `pkg.ngcp-rtpengine.no-transcoding`.
     */
    buildProfiles: string[];
    /**
     * Flags of a compile, added to those that the packaging sets itself.
     */
    buildFlags: {
      /**
       * For the preprocessor.
       */
      CPPFLAGS?: string;
      /**
       * For the C compiler, for example `-march=x86-64-v3`.
       */
      CFLAGS?: string;
      /**
       * For the C++ compiler.
       */
      CXXFLAGS?: string;
      /**
       * For the linker.
       */
      LDFLAGS?: string;
    };
    /**
     * Whether a compile runs the source's own tests, which must pass.
     */
    check: boolean;
    /**
     * Google's guest agent: SSH keys and startup scripts from metadata.
     */
    guestAgent: {
      /**
       * `debian` = Debian's package; `google` = the newer one of Google's apt repository.
       */
      from: 'debian' | 'google';
      /**
       * URL of Google's apt repository.
       */
      repository?: string;
      /**
       * Suite of that repository, for example the one that Google names after the base.
       */
      suite?: string;
      /**
       * File with the public key that signs the repository.
       */
      key?: string;
      /**
       * Fingerprint of that key; a file with any other key is refused.
       */
      fingerprint?: string;
    };
    /**
     * Keys of one's own for Secure Boot: what the firmware starts is signed with them, and machines of the image start nothing else. Absent: no Secure Boot. Prepared for GCE, where it was not tried.
     */
    secureBoot?: {
      /**
       * File with the private key, PEM. It is read while an image is built, and in no image.
       */
      key: string;
      /**
       * File with its certificate, PEM: platform key, key exchange key and signature database of the image.
       */
      certificate: string;
    };
    /**
     * Size of the image's disk in GiB.
     */
    sizeGb: number;
  };
  /**
   * RTPEngine's configuration.
   */
  rtpengine: {
    /**
     * RTPEngines on one host, for hosts outside of managed fleets; a fleet on GCE has one on each relay, so more than one go only with `image:build --no-publish` or `--output`. With more than one, RTPEngine 1 to n are the units rtpengine-daemon@1 to @n; k has ngPort, cliPort and httpPort plus k - 1, and its share of `ports`: equal, beginning at an even port, the rest to the last. `threads` are those of each, `logs` are for all together. They have neither Redis nor forwarding in the kernel, and need a version with the option log-name: mr12.5 has it, mr10.5 has not.
     */
    instances: number;
    /**
     * UDP ports for media, both ends included. An audio call takes four.
     */
    ports: {
      /**
       * Lowest port, even.
       */
      min: number;
      /**
       * Highest port.
       */
      max: number;
    };
    /**
     * Port of the ng control protocol, UDP and TCP.
     */
    ngPort: number;
    /**
     * TCP port of the command line.
     */
    cliPort: number;
    /**
     * TCP port of HTTP: metrics and the health check.
     */
    httpPort: number;
    /**
     * Worker threads. 0: one per CPU.
     */
    threads: number;
    /**
     * Forwarding of RTP in the kernel, by RTPEngine's own module, built for the image's kernel: `off` = in user space only; `wanted` = in user space where the module cannot be loaded, which the relay's health then says; `required` = no relay without it. Under Secure Boot a kernel loads it only signed: with `image.secureBoot` it is signed with that key, which the kernel of debian-13 takes.
     */
    kernel: 'off' | 'wanted' | 'required';
    /**
     * Syslog level, 0 (least) to 7.
     */
    logLevel: number;
    /**
     * A call without media for so long is ended.
     */
    timeoutSeconds: number;
    /**
     * The same for a call on hold.
     */
    silentTimeoutSeconds: number;
    /**
     * A call that is offered and never answered is ended after so long.
     */
    offerTimeoutSeconds: number;
    /**
     * Any call is ended after so long; also the only thing that ends the empty calls of mr13.1 and later. 0: never.
     */
    finalTimeoutSeconds: number;
    /**
     * So long an ended call stays in memory. It counts as a call while it does, so a drain waits for it.
     */
    deleteDelaySeconds: number;
    /**
     * Further lines of rtpengine.conf, `name: value`; each must exist in the version of the image.
     */
    options: {
      /**
       * One line of text, a number, true or false.
       */
      [k: string]: string | number | boolean;
    };
  };
  /**
   * What the relays' operating system is given beyond the settings that every image has; `rtpfleet-tuning` on a relay says what is in force.
   */
  tuning: {
    /**
     * Kernel settings that differ from the image's own or come on top, `name: value`, for example `net.core.rmem_max: 67108864`.
     */
    sysctl: {
      [k: string]: number | string;
    };
    /**
     * So long a socket is polled before its thread sleeps: less delay for the price of CPU. 0: never.
     */
    busyPollMicroseconds: number;
    /**
     * CPUs that RTPEngine runs on, as `2-3` or `1,3`. Absent: all.
     */
    rtpengineCpus?: string;
    /**
     * CPUs that everything else runs on; none of `rtpengineCpus`. Absent: all.
     */
    systemCpus?: string;
    /**
     * Whether the kernel keeps timer ticks, its own callbacks and managed interrupts off `rtpengineCpus`.
     */
    isolateCpus: boolean;
    /**
     * CPUs that the network card's interrupts are spread over, as `0-1`. Absent: as the kernel does it.
     */
    irqCpus?: string;
  };
  /**
   * Log files of a relay in /var/log/rtpengine, by syslog facility, and how long they are kept. The journal has the lines too.
   */
  logs: {
    /**
     * A file of this size in MB is rotated at the next look, ten minutes later at most; every file is rotated daily.
     */
    rotateMb: number;
    /**
     * rtpengine.log: what RTPEngine says of itself and of calls.
     */
    main: {
      /**
       * Older files are removed.
       */
      keepDays: number;
      /**
       * So much, uncompressed, is kept at most.
       */
      keepMb: number;
    };
    /**
     * rtpengine-cdr.log: one record for each call.
     */
    cdr: {
      /**
       * Whether RTPEngine writes them.
       */
      enabled: boolean;
      /**
       * Older files are removed.
       */
      keepDays: number;
      /**
       * So much, uncompressed, is kept at most.
       */
      keepMb: number;
    };
    /**
     * rtpengine-rtcp.log: every RTCP report of every stream, some each five seconds; much, hence off.
     */
    rtcp: {
      /**
       * Whether RTPEngine writes them.
       */
      enabled: boolean;
      /**
       * Older files are removed.
       */
      keepDays: number;
      /**
       * So much, uncompressed, is kept at most.
       */
      keepMb: number;
    };
  };
  /**
   * Redis for call state, the rollout's lock and its journal.
   */
  redis: {
    /**
     * `memorystore` = managed; `vm` = Debian's redis-server on a machine of its own; `external` = one that is there already, at `host`; `none` = relays keep no state outside themselves.
     */
    kind: 'memorystore' | 'vm' | 'external' | 'none';
    /**
     * Name or IPv4 address of an external Redis.
     */
    host?: string;
    /**
     * Port of an external Redis.
     */
    port: number;
    /**
     * Whether Memorystore asks for a password. It is kept in Secret Manager, and nowhere else.
     */
    auth: boolean;
    /**
     * Secret Manager version that holds the password of an external Redis (absent: it asks for none) or that of a `vm`, which must have one: made by you, so that it is in no program and no state.
     */
    secret?: string;
    /**
     * Whether Memorystore, or an external Redis, is spoken to by TLS, and nothing else. Memorystore cannot change it once it is made. Not in a fleet of one relay: it keeps its calls there, and RTPEngine's client has no TLS.
     */
    tls: boolean;
    /**
     * File (PEM) with the certificate authorities that a rollout trusts for an external Redis with TLS. Absent: those of the machine that it runs on.
     */
    caFile?: string;
    /**
     * Memorystore tier.
     */
    tier: 'BASIC' | 'STANDARD_HA';
    /**
     * Size in GiB.
     */
    memoryGb: number;
    /**
     * Zone of a `vm`; a zone of the fleet. Absent: the first one.
     */
    zone?: string;
    /**
     * Machine type of a `vm`; of its memory 60 % hold data.
     */
    machineType: string;
    /**
     * Size of the data disk of a `vm`, in GB: four times its memory leaves room for what it writes anew.
     */
    diskGb: number;
    /**
     * Number of the database for call state. Used while the fleet has one relay: relays that share a database would restore, count and delete each other's calls. With `network.floatingAddresses` this one stays empty, through the next one go copies of calls that move, and those after it are the relays', one each.
     */
    database: number;
    /**
     * Number of the database for the rollout's lock and journal; not the one for call state.
     */
    controlDatabase: number;
    /**
     * Whether a relay refuses to start while Redis is down.
     */
    required: boolean;
  };
  /**
   * SIP proxies that a rollout tells to leave a relay out while it is replaced. Without any they find out by themselves: on `load limit` they take the next relay.
   */
  proxies: {
    /**
     * `kamailio`: JSON-RPC (jsonrpcs behind xhttp). `opensips`: management interface over HTTP (mi_http); 3.6 or later.
     */
    kind: 'kamailio' | 'opensips';
    /**
     * Where it takes commands, for example http://10.0.1.5:8080/RPC. Every proxy is named: each keeps its own list.
     */
    url: string;
    /**
     * Kamailio's `hash_table_tout`, which it tells nobody: for so long it knows which relay a call is on. A rollout warns of calls that are older. Absent: 3600, Kamailio's own default. Not for OpenSIPS.
     */
    hashTableSeconds?: number;
    /**
     * How long Kamailio waits for a relay's answer while a rollout has switched one off; set by `cfg.seti` where it is longer, and taken back by `cfg.reset`, so it needs the module cfg_rpc. Absent: left alone. Not for OpenSIPS.
     */
    whileAway?: {
      /**
       * `rtpengine_tout_ms`: for each try, in milliseconds.
       */
      timeoutMs: number;
      /**
       * `rtpengine_retr`.
       */
      tries: number;
    };
  }[];
  /**
   * Alerts and dashboard in Cloud Monitoring.
   */
  monitoring: {
    /**
     * Whether the program makes alert policies and a dashboard.
     */
    enabled: boolean;
    /**
     * Who is told by e-mail. Empty: alerts are shown in the console only.
     */
    emails: string[];
    /**
     * Alert when more of a relay's media ports are in use.
     */
    portsPercent: number;
    /**
     * Alert when a relay misses more of the RTP packets that it should get. RTPEngine tells it from mr12.5 on.
     */
    lossPercent: number;
    /**
     * Alert when a relay has run for so many days: its image is at least that old.
     */
    imageDays: number;
  };
  /**
   * How the fleet is rolled to a new image. Every value can be overridden for one run.
   */
  rollout: {
    /**
     * Relays that may be cordoned or away at once, in the whole fleet: a number, or a share of the fleet such as `10%`, rounded down and at least 1.
     */
    maxUnavailable: number | string;
    /**
     * Further relays of the zone that may drain meanwhile, so that drains overlap: a number or a share of the fleet. They carry their calls to the end; no more than maxUnavailable are replaced at once.
     */
    preCordon: number | string;
    /**
     * What the relays that take calls must be able to lose and still carry every call that is up: `none` = nothing, `relay` = one more relay, `zone` = one more zone. No relay is cordoned beyond it, and draining ones take calls again when the load rises.
     */
    reserve: 'none' | 'relay' | 'zone';
    /**
     * The first relay of a new image is alone for so long after it takes calls: it is compared with its neighbours, and the rollout halts if it does worse. 0: no such canary.
     */
    bakeSeconds: number;
    /**
     * So many calls must have ended on the canary as well before it is done.
     */
    bakeCalls: number;
    /**
     * How much larger than its neighbours' the canary's share may be of calls without media, one-way streams and lost or broken packets.
     */
    bakeTolerance: number;
    /**
     * Maintenance windows: outside of them nothing is begun, and drains in hand go on. Empty: always.
     */
    windows: {
      /**
       * Days on which it begins.
       *
       * @minItems 1
       */
      days?: ('mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun')[];
      /**
       * Time of day at which it begins, `22:00`.
       */
      from: string;
      /**
       * Time of day at which it ends; before `from`: on the next day.
       */
      to: string;
    }[];
    /**
     * Time zone of the windows, for example `Europe/Berlin`.
     */
    timeZone: string;
    /**
     * Webhooks of a rollout.
     */
    hooks: {
      /**
       * URLs that are asked before a relay is cordoned, by POST of JSON; they answer `{"decision": "go" | "wait" | "no", "because": "…"}`. No answer means wait.
       */
      gates: string[];
      /**
       * URLs that are told what happens, by POST of JSON with the event and a `text` as Slack takes it. What cannot be delivered stops nothing.
       */
      notify: string[];
      /**
       * Seconds that each may take to answer.
       */
      timeoutSeconds: number;
    };
    /**
     * Seconds between two looks at the fleet.
     */
    pollSeconds: number;
    /**
     * So many answers in a row, all newer than the cordon, must say `no call` before a relay is replaced.
     */
    goodAnswers: number;
    /**
     * After so long a drain is reported as held; the relay stays cordoned and is never forced. 0: waits for ever.
     */
    drainSeconds: number;
    /**
     * What becomes of a drain that lasts: `wait` = waits for ever; `hold` = waits, and is reported as held after drainSeconds; `reap` = as hold, and after reapAfterSeconds that relay ends calls without a packet for reapSilentSeconds, which may be calls on hold. A call with media is never ended. `hand-over` = as hold, and calls that can move go on at another relay of the zone, which takes no new calls meanwhile; only with network.floatingAddresses `internal`.
     */
    tail: 'wait' | 'hold' | 'reap' | 'hand-over';
    /**
     * Seconds of a drain after which silent calls are ended, with tail `reap`.
     */
    reapAfterSeconds: number;
    /**
     * A call without a packet for so long, or that is offered and not answered for so long, is then ended. The relay's own timeouts come back if it is not replaced.
     */
    reapSilentSeconds: number;
    /**
     * Calls without any party (an offer that failed to parse) older than this are removed from a draining relay.
     */
    emptyCallSeconds: number;
    /**
     * A replaced relay must answer within this, or the run halts.
     */
    replaceSeconds: number;
    /**
     * RTP packets each way in the probe call of the health gate.
     */
    gatePackets: number;
  };
}
