use super::*;
use pintle_core::config::Text;

fn networks(rules: &[(&str, Verdict)]) -> Networks {
    let rules: Vec<_> = rules.iter().map(|(text, verdict)| (Network::parse(text).expect(text), *verdict)).collect();
    Networks::new(&rules)
}

fn found(networks: &Networks, address: &str) -> Option<(String, Verdict)> {
    networks.find(address.parse().expect(address)).map(|(network, verdict)| (network.to_string(), verdict))
}

// Rule: ip-filter-longest
#[test]
fn the_longest_prefix_decides_and_deny_on_a_tie() {
    use Verdict::{Allow, Deny};
    let networks = networks(&[
        ("10.0.0.0/8", Deny),
        ("10.1.0.0/16", Allow),
        ("10.1.2.0/24", Deny),
        ("10.1.2.3", Allow),
        ("192.0.2.0/24", Deny),
        ("192.0.2.0/24", Allow),
        ("255.255.255.0/24", Allow),
        ("2001:db8::/32", Allow),
        ("2001:db8:1::/48", Deny),
        ("ffff::/16", Deny),
    ]);
    for (address, network) in [
        ("9.255.255.255", None),
        ("10.0.0.0", Some(("10.0.0.0/8", Deny))),
        ("10.1.0.0", Some(("10.1.0.0/16", Allow))),
        ("10.1.2.2", Some(("10.1.2.0/24", Deny))),
        ("10.1.2.3", Some(("10.1.2.3/32", Allow))),
        ("10.1.2.4", Some(("10.1.2.0/24", Deny))),
        ("10.1.3.0", Some(("10.1.0.0/16", Allow))),
        ("10.2.0.0", Some(("10.0.0.0/8", Deny))),
        ("11.0.0.0", None),
        ("192.0.2.9", Some(("192.0.2.0/24", Deny))),
        ("255.255.255.255", Some(("255.255.255.0/24", Allow))),
        ("::ffff:10.1.2.3", Some(("10.1.2.3/32", Allow))),
        ("2001:db8::1", Some(("2001:db8::/32", Allow))),
        ("2001:db8:1:ffff::1", Some(("2001:db8:1::/48", Deny))),
        ("2001:db8:2::", Some(("2001:db8::/32", Allow))),
        ("2001:db9::", None),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(("ffff::/16", Deny))),
    ] {
        let wanted = network.map(|(network, verdict)| (network.to_owned(), verdict));
        assert_eq!(found(&networks, address), wanted, "{address}");
    }
    assert_eq!(found(&Networks::default(), "10.0.0.1"), None);
}

#[test]
fn all_addresses_are_a_network_too() {
    let all = networks(&[("0.0.0.0/0", Verdict::Deny), ("::/0", Verdict::Allow)]);
    for address in ["0.0.0.0", "255.255.255.255"] {
        assert_eq!(found(&all, address), Some(("0.0.0.0/0".into(), Verdict::Deny)));
    }
    for address in ["::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"] {
        assert_eq!(found(&all, address), Some(("::/0".into(), Verdict::Allow)));
    }
    assert_eq!(all.starts().count(), 2);
}

/// The rule read out loud.
fn plainly(rules: &[(Network, Verdict)], address: IpAddr) -> Option<(Network, Verdict)> {
    let holding = rules.iter().filter(|(network, _)| network.contains(address));
    holding.max_by_key(|(network, verdict)| (network.prefix(), *verdict)).copied()
}

#[test]
fn many_networks_give_what_the_rule_says() {
    for seed in 0..40 {
        let mut random = fastrand::Rng::with_seed(seed);
        // Few bits differ, so that networks lie in each other; more of them than go without an index.
        let count = if seed % 4 == 0 { 2_000 } else { 40 };
        let address = |random: &mut fastrand::Rng| -> IpAddr {
            let low = random.u32(..) & 0x0f0f_00ff;
            match random.bool() {
                true => Ipv4Addr::from_bits(low).into(),
                false => Ipv6Addr::from_bits(u128::from(low) << 96 | u128::from(random.u8(..8))).into(),
            }
        };
        let rules: Vec<(Network, Verdict)> = std::iter::repeat_with(|| {
            let address = address(&mut random);
            let prefix = random.u8(..=if address.is_ipv4() { 32 } else { 128 });
            let verdict = if random.bool() { Verdict::Deny } else { Verdict::Allow };
            (Network::new(address, prefix).expect("a prefix that fits"), verdict)
        })
        .take(count)
        .collect();
        let networks = Networks::new(&rules);
        let edges = rules.iter().map(|(network, _)| network.address()).collect::<Vec<_>>();
        let asked = edges.into_iter().take(200).chain(std::iter::repeat_with(|| address(&mut random)).take(200));
        for address in asked.collect::<Vec<_>>() {
            assert_eq!(networks.find(address), plainly(&rules, address), "{seed}: {address}");
        }
    }
}
