//! Changes of the network that a call or a link may suffer from: addresses, links that run, default routes, as the kernel tells of them
//! (rtnetlink(7)).
//!
//! What the kernel tells is only the reason to look: what counts is looked up whole and compared with what was. So lifetimes that are
//! refreshed, link-local addresses and news that were lost need no rules of their own.

use std::{collections::BTreeSet, fmt, io, net::IpAddr, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use rtnetlink::{
    Error, Handle, MulticastGroup, new_multicast_connection,
    packet_route::{
        AddressFamily,
        address::{AddressAttribute, AddressHeaderFlags, AddressMessage, AddressScope},
        link::{LinkFlags, LinkMessage},
        route::{RouteAddress, RouteAttribute, RouteMessage, RouteType, RouteVia},
    },
};
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, timeout_at},
};
use tracing::{debug, info, warn};

/// One cause makes many news: an address that comes brings routes with it. It is over when nothing was told for so long.
const QUIET: Duration = Duration::from_millis(250);
/// What never becomes quiet is looked at after this time.
const LONGEST_BURST: Duration = Duration::from_secs(2);
/// What is listened to.
const GROUPS: [MulticastGroup; 5] = [
    MulticastGroup::Link,
    MulticastGroup::Ipv4Ifaddr,
    MulticastGroup::Ipv4Route,
    MulticastGroup::Ipv6Ifaddr,
    MulticastGroup::Ipv6Route,
];

/// Tells `changed` of every change. A kiosk that may not listen goes on without: what is dead is found out by its silence, later.
///
/// Must be called within a tokio runtime with I/O.
pub(crate) async fn watch(changed: Arc<Notify>) {
    const LOSS: &str =
        "changes of the network are not noticed: after one, a call and the link come back some seconds later";
    let mut changes = match Changes::listen().await {
        Ok(changes) => changes,
        Err(error) => {
            warn!(%error, "{LOSS}");
            return;
        }
    };
    while let Some(network) = changes.next().await {
        let (addresses, default_routes) = (network.addresses.len(), network.default_routes.len());
        info!(name: "network-changed", addresses, default_routes, "network changed");
        debug!(?network, "network");
        changed.notify_one();
    }
    warn!(error = "the kernel tells nothing any more", "{LOSS}");
}

/// What of the network counts for calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Network {
    /// Those that reach further than their own link, on links that run; with the link's index.
    addresses: BTreeSet<(u32, IpAddr)>,
    default_routes: BTreeSet<DefaultRoute>,
}

/// One way out, over a link that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct DefaultRoute {
    /// The link's index.
    link: u32,
    /// None: the link itself is the way, as with point-to-point links.
    gateway: Option<IpAddr>,
    /// The least counts.
    metric: u32,
}

impl Network {
    async fn look_up(handle: &Handle) -> Result<Self, Error> {
        let links: Vec<_> = handle.link().get().execute().try_collect().await?;
        let addresses: Vec<_> = handle.address().get().execute().try_collect().await?;
        // Without a family: those of both.
        let routes: Vec<_> = handle.route().get(RouteMessage::default()).execute().try_collect().await?;
        Ok(Self::new(&links, &addresses, &routes))
    }

    fn new(links: &[LinkMessage], addresses: &[AddressMessage], routes: &[RouteMessage]) -> Self {
        let running: BTreeSet<_> = links.iter().filter(|link| runs(link)).map(|link| link.header.index).collect();
        let addresses = addresses.iter().filter_map(address);
        let default_routes = routes.iter().flat_map(default_routes);
        Self {
            addresses: addresses.filter(|(link, _)| running.contains(link)).collect(),
            default_routes: default_routes.filter(|route| running.contains(&route.link)).collect(),
        }
    }
}

/// It is up and has a carrier (Documentation/networking/operstates.rst).
fn runs(link: &LinkMessage) -> bool {
    link.header.flags.contains(LinkFlags::Running) && !link.header.flags.contains(LinkFlags::Loopback)
}

/// An address that can be used, and further than on its link. One whose uniqueness is not known yet cannot (RFC 4862 §5.4).
fn address(message: &AddressMessage) -> Option<(u32, IpAddr)> {
    let header = &message.header;
    let unusable = AddressHeaderFlags::Tentative | AddressHeaderFlags::Dadfailed;
    if !matches!(header.scope, AddressScope::Universe | AddressScope::Site) || header.flags.intersects(unusable) {
        return None;
    }
    let find = |ours: fn(&AddressAttribute) -> Option<IpAddr>| message.attributes.iter().find_map(ours);
    // On a point-to-point link the other is the peer's.
    let local = find(|attribute| if let AddressAttribute::Local(address) = attribute { Some(*address) } else { None });
    let any =
        || find(|attribute| if let AddressAttribute::Address(address) = attribute { Some(*address) } else { None });
    Some((header.index, local.or_else(any)?))
}

/// The ways of a default route; of one with several hops, all.
fn default_routes(message: &RouteMessage) -> Vec<DefaultRoute> {
    let header = &message.header;
    let is_ip = matches!(header.address_family, AddressFamily::Inet | AddressFamily::Inet6);
    if !is_ip || header.destination_prefix_length != 0 || header.kind != RouteType::Unicast {
        return Vec::new();
    }
    let (mut link, mut metric, mut hops) = (None, 0, Vec::new());
    for attribute in &message.attributes {
        if let RouteAttribute::Oif(index) = attribute {
            link = Some(*index);
        } else if let RouteAttribute::Priority(priority) = attribute {
            metric = *priority;
        } else if let RouteAttribute::MultiPath(several) = attribute {
            hops.extend(several.iter().map(|hop| (hop.interface_index, gateway(&hop.attributes))));
        }
    }
    hops.extend(link.map(|link| (link, gateway(&message.attributes))));
    hops.into_iter().map(|(link, gateway)| DefaultRoute { link, gateway, metric }).collect()
}

fn gateway(attributes: &[RouteAttribute]) -> Option<IpAddr> {
    use RouteAttribute::{Gateway, Via};
    attributes.iter().find_map(|attribute| {
        if let Gateway(RouteAddress::Inet(address)) | Via(RouteVia::Inet(address)) = attribute {
            Some(IpAddr::from(*address))
        } else if let Gateway(RouteAddress::Inet6(address)) | Via(RouteVia::Inet6(address)) = attribute {
            Some(IpAddr::from(*address))
        } else {
            None
        }
    })
}

/// Listens to the kernel.
struct Changes {
    /// Something was told.
    news: BoxStream<'static, ()>,
    handle: Handle,
    known: Network,
    /// Ends with this.
    _connection: JoinSet<()>,
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").field("known", &self.known).finish_non_exhaustive()
    }
}

impl Changes {
    /// Listens from now on.
    async fn listen() -> io::Result<Self> {
        let (connection, handle, news) = new_multicast_connection(&GROUPS)?;
        let mut task = JoinSet::new();
        task.spawn(connection);
        let known = look_up(&handle).await;
        Ok(Self { news: news.map(|_| ()).boxed(), handle, known, _connection: task })
    }

    /// The network after the next change. None: there will be none. Dropping the future may lose one.
    async fn next(&mut self) -> Option<&Network> {
        loop {
            self.news.next().await?;
            self.quiet().await;
            let known = look_up(&self.handle).await;
            if known != self.known {
                self.known = known;
                return Some(&self.known);
            }
        }
    }

    /// Waits until nothing more is told of what happened.
    async fn quiet(&mut self) {
        let end = Instant::now() + LONGEST_BURST;
        while Instant::now() < end
            && let Ok(Some(())) = timeout_at(end.min(Instant::now() + QUIET), self.news.next()).await
        {}
    }
}

/// What cannot be looked up counts as gone: in doubt a change is told.
async fn look_up(handle: &Handle) -> Network {
    let found = Network::look_up(handle).await;
    found.inspect_err(|error| warn!(%error, "the network cannot be looked up")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::{
        future::Future,
        io::Write as _,
        process::{Command, Stdio},
    };

    use futures_util::stream;

    use super::*;
    use crate::isolated::isolated;

    /// Nothing that takes longer than this will come.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// In a network of its own.
    fn alone<F: Future<Output = ()>>(name: &str, test: impl FnOnce() -> F) {
        isolated(&format!("network::tests::{name}"), &["--net"], || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(test());
        });
    }

    /// ip(8), all of it at once.
    fn ip(commands: &str) {
        let mut ip = Command::new("ip").args(["-batch", "-"]).stdin(Stdio::piped()).spawn().expect("ip, of iproute2");
        ip.stdin.take().expect("piped").write_all(commands.as_bytes()).expect("it reads");
        assert!(ip.wait().expect("it ends").success(), "{commands}");
    }

    /// Two ends of a cable, the near one with an address and a default route.
    async fn plugged() -> Changes {
        ip("link add near type veth peer name far\nlink set lo up\nlink set near up\nlink set far up\n\
            addr add 10.0.0.1/24 dev near\nroute add default via 10.0.0.254");
        Changes::listen().await.expect("a netlink socket")
    }

    async fn next(changes: &mut Changes) -> Network {
        tokio::time::timeout(PATIENCE, changes.next()).await.expect("it is told").expect("the kernel talks").clone()
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn addresses(network: &Network) -> Vec<IpAddr> {
        network.addresses.iter().map(|(_, address)| *address).collect()
    }

    #[test]
    fn addresses_routes_and_cables_are_told() {
        alone("addresses_routes_and_cables_are_told", || async {
            let mut changes = plugged().await;
            assert_eq!(addresses(&changes.known), [address("10.0.0.1")]);
            assert_eq!(changes.known.default_routes.len(), 1);

            ip("addr add 2001:db8::1/64 dev near nodad");
            assert_eq!(addresses(&next(&mut changes).await), [address("10.0.0.1"), address("2001:db8::1")]);
            ip("addr del 2001:db8::1/64 dev near");
            assert_eq!(addresses(&next(&mut changes).await), [address("10.0.0.1")]);

            ip("route del default");
            assert!(next(&mut changes).await.default_routes.is_empty());
            ip("route add default via 10.0.0.253 metric 7");
            let way: Vec<_> = next(&mut changes).await.default_routes.into_iter().collect();
            assert_eq!((way[0].gateway, way[0].metric), (Some(address("10.0.0.253")), 7));
            ip("route add default nexthop via 10.0.0.254 nexthop via 10.0.0.252");
            assert_eq!(next(&mut changes).await.default_routes.len(), 3);

            ip("link set far down");
            assert_eq!(next(&mut changes).await, Network::default());
            ip("link set far up");
            assert_eq!(addresses(&next(&mut changes).await), [address("10.0.0.1")]);
        });
    }

    #[test]
    fn a_burst_is_one_change() {
        alone("a_burst_is_one_change", || async {
            let mut changes = plugged().await;
            // What a lease that is lost and another one that is got look like. The second half happens while it is waited for quiet.
            let halves = [
                "addr del 10.0.0.1/24 dev near\naddr add 10.0.2.1/24 dev near",
                "addr add 10.0.1.1/24 dev near\naddr del 10.0.2.1/24 dev near\nroute add default via 10.0.1.254",
            ];
            changes.news = stream::iter(halves).map(ip).chain(stream::pending()).boxed();
            let told = next(&mut changes).await;
            assert_eq!(addresses(&told), [address("10.0.1.1")]);
            assert_eq!(told.default_routes.first().and_then(|way| way.gateway), Some(address("10.0.1.254")));
            assert_eq!(look_up(&changes.handle).await, told, "there is nothing left to tell");
        });
    }

    #[test]
    fn what_no_call_suffers_from_is_not_told() {
        alone("what_no_call_suffers_from_is_not_told", || async {
            let mut changes = plugged().await;
            let before = changes.known.clone();
            for harmless in [
                "addr change 10.0.0.1/24 dev near valid_lft 1000 preferred_lft 900",
                "addr add 127.0.0.2/8 dev lo",
                "addr add fe80::7/64 dev near nodad",
                "addr add 169.254.3.4/16 dev near scope link",
                "route add 10.9.0.0/16 via 10.0.0.254",
                "route add blackhole default metric 9",
                "link set near mtu 1400",
                "link add spare type veth peer name other",
            ] {
                ip(harmless);
                assert!(tokio::time::timeout(4 * QUIET, changes.next()).await.is_err(), "{harmless}");
                assert_eq!(look_up(&changes.handle).await, before, "{harmless}");
            }
            ip("addr add 10.0.7.1/24 dev near");
            assert_eq!(next(&mut changes).await.addresses.len(), 2);
        });
    }

    #[test]
    fn a_network_that_never_is_quiet_is_looked_at() {
        alone("a_network_that_never_is_quiet_is_looked_at", || async {
            let mut changes = plugged().await;
            let chatter = |()| async { Some((tokio::time::sleep(QUIET / 5).await, ())) };
            changes.news = futures_util::stream::unfold((), chatter).boxed();
            ip("addr add 10.0.7.1/24 dev near");
            assert_eq!(next(&mut changes).await.addresses.len(), 2);
        });
    }
}
