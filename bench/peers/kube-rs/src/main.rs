// kube-rs's reflector, used as a careful user would: a streamed list, managedFields removed, two fields of every object
// read. One JSON line when synced; then one for each line "mark" on stdin; it ends with stdin.
use futures::{StreamExt, pin_mut};
use k8s_openapi::api::{coordination::v1::Lease, core::v1::Pod};
use kube::{
    Api, Client, Config, Resource,
    api::{ApiResource, DynamicObject, GroupVersionKind},
    runtime::{
        WatchStreamExt,
        reflector::store::{Store, Writer},
        watcher,
    },
};
use serde::de::DeserializeOwned;
use std::{
    fmt::Debug,
    hash::Hash,
    io::BufRead,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};
use tokio::sync::oneshot;

static HANDLED: AtomicU64 = AtomicU64::new(0);
static READ: AtomicU64 = AtomicU64::new(0);

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let url = args.next().expect("usage: kube-rs-peer URL RESOURCE");
    let resource = args.next().expect("usage: kube-rs-peer URL RESOURCE");
    let mut config = Config::new(url.parse().unwrap());
    config.read_timeout = None;
    let client = Client::try_from(config).unwrap();
    match resource.as_str() {
        "pods" => {
            follow(Api::<Pod>::all(client), (), |pod| {
                let phase = pod.status.as_ref().and_then(|status| status.phase.as_ref());
                phase.map_or(0, String::len)
            })
            .await
        }
        "leases" => {
            follow(Api::<Lease>::all(client), (), |lease| {
                let holder = lease
                    .spec
                    .as_ref()
                    .and_then(|spec| spec.holder_identity.as_ref());
                holder.map_or(0, String::len)
            })
            .await
        }
        "landscapes" => {
            let kind = ApiResource::from_gvk_with_plural(
                &GroupVersionKind::gvk("example.com", "v1", "Landscape"),
                "landscapes",
            );
            follow(
                Api::<DynamicObject>::all_with(client, &kind),
                kind.clone(),
                |object| object.data["spec"]["text"].as_str().map_or(0, str::len),
            )
            .await
        }
        other => panic!("unknown resource {other}"),
    }
}

async fn follow<K>(api: Api<K>, kind: K::DynamicType, second: fn(&K) -> usize)
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    K::DynamicType: Eq + Hash + Clone + Send + Sync,
{
    let writer = Writer::<K>::new(kind);
    let store: Store<K> = writer.as_reader();
    let (synced, when_synced) = oneshot::channel();
    let start = Instant::now();
    tokio::spawn(async move {
        let stream = watcher(api, watcher::Config::default().streaming_lists())
            .modify(|object| object.meta_mut().managed_fields = None)
            .reflect(writer);
        pin_mut!(stream);
        let mut synced = Some(synced);
        while let Some(event) = stream.next().await {
            match event {
                Ok(watcher::Event::InitApply(object) | watcher::Event::Apply(object)) => {
                    let name = object.meta().name.as_ref().map_or(0, String::len);
                    READ.fetch_add((name + second(&object)) as u64, Ordering::Relaxed);
                    HANDLED.fetch_add(1, Ordering::Relaxed);
                }
                Ok(watcher::Event::InitDone) => {
                    synced.take().map(|synced| synced.send(()));
                }
                Ok(_) => {}
                Err(error) => {
                    eprintln!("{error}");
                    std::process::exit(1)
                }
            }
        }
    });
    when_synced.await.unwrap();
    let wall_ms = start.elapsed().as_millis();
    report(wall_ms, store.len());
    // Blocks this thread only: the watch runs on another one.
    for line in std::io::stdin().lock().lines() {
        if line.unwrap() == "mark" {
            report(wall_ms, store.len());
        }
    }
    std::process::exit(0)
}

fn report(wall_ms: u128, objects: usize) {
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    let ms = |time: libc::timeval| time.tv_sec * 1000 + time.tv_usec / 1000;
    println!(
        "{}",
        serde_json::json!({
            "wallMs": wall_ms as u64,
            "handlerWallMs": wall_ms as u64,
            "cpuMs": ms(usage.ru_utime) + ms(usage.ru_stime),
            "rssBytes": memory("VmRSS:"),
            "peakRssBytes": memory("VmHWM:"),
            "objects": objects,
            "handled": HANDLED.load(Ordering::Relaxed),
            "checksum": READ.load(Ordering::Relaxed),
        })
    );
}

fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) << 10
}
