//! What domains say in files and in TXT records.

use std::net::Ipv4Addr;

use clankdin_claim_proofs::Proofs;
use clankdin_domain::claim::{Account, Proof, ProofDomain, ProofFault};
use clankdin_outbound::{AddressPolicy, OutboundSettings};

use crate::names::Names;
use crate::servers::{Authority, Does, Site};
use crate::{CODE, anywhere, forbidden, found, hasty, public, read};

const NAME: &str = "kai.example";

fn file_of(domain: &str) -> Proof {
    Proof::WellKnown(ProofDomain::parse(domain).unwrap())
}

fn records_of(domain: &str) -> Proof {
    Proof::Dns(ProofDomain::parse(domain).unwrap())
}

async fn read_domain(settings: OutboundSettings, proof: &Proof) -> Result<Account, ProofFault> {
    read(settings, Proofs::OEMBED_URL, proof).await
}

/// A domain whose server does that, and who asks it.
struct World {
    site: Site,
    settings: OutboundSettings,
    _authority: Authority,
}

impl World {
    async fn with(does: Does) -> Self {
        let (authority, names) = (Authority::new(), Names::start());
        names.leads_to(NAME, Ipv4Addr::LOCALHOST);
        let site = authority.site(NAME, does).await;
        let settings = authority.trusted_by(anywhere(names.address));
        Self { site, settings, _authority: authority }
    }

    fn proof(&self) -> Proof {
        file_of(&format!("{NAME}:{}", self.site.address.port()))
    }

    async fn read(&self) -> Result<Account, ProofFault> {
        read_domain(self.settings.clone(), &self.proof()).await
    }
}

#[actix_rt::test]
async fn a_file_with_the_code_proves_its_domain() {
    let world = World::with(Does::answer(200, &format!("clankdin: {CODE}\n"))).await;
    let domain = format!("{NAME}:{}", world.site.address.port());
    assert_eq!(world.read().await.unwrap().as_str(), domain);
    let request = world.site.requests().remove(0);
    assert!(request.starts_with("GET /.well-known/clankdin.txt HTTP/1.1\r\n"), "{request}");
    assert!(request.to_ascii_lowercase().contains(&format!("\r\nhost: {domain}\r\n")), "{request}");
}

#[actix_rt::test]
async fn a_file_without_the_code_proves_nothing_and_is_not_told() {
    for (status, body) in [(200, "brave-Z9Z9"), (200, "swift-A3B22"), (404, CODE), (500, CODE), (206, CODE)] {
        let told = found(World::with(Does::answer(status, body)).await.read().await);
        assert!(told.starts_with(&format!("status {status} and {} bytes", body.len())), "{told}");
        assert!(!told.contains(body), "{told}");
    }
}

#[actix_rt::test]
async fn of_a_file_no_more_is_read_than_4_kib() {
    let text = format!("{}{CODE}", " ".repeat(4_096));
    let told = found(World::with(Does::answer(200, &text)).await.read().await);
    assert!(told.starts_with("status 200 and 4096 bytes or more"), "{told}");
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n{CODE}\n");
    let endless = World::with(Does::NeverEnds(head.into_bytes(), vec![b' '; 1_000])).await;
    assert!(endless.read().await.is_ok());
}

#[actix_rt::test]
async fn a_redirect_of_a_domain_is_not_followed() {
    let elsewhere = Site::that(Does::answer(200, CODE)).await;
    let world = World::with(Does::redirect(&elsewhere.url("/.well-known/clankdin.txt"))).await;
    assert_eq!(found(world.read().await), "status 302 and 0 bytes");
    assert_eq!(elsewhere.requests().len(), 0);
}

#[actix_rt::test]
async fn a_server_that_is_slow_or_can_not_be_trusted_proves_nothing() {
    let world = World::with(Does::Sleeps).await;
    let slow = found(read_domain(hasty(world.settings.clone()), &world.proof()).await);
    assert!(slow.contains("the time was up"), "{slow}");
    let world = World::with(Does::answer(200, CODE)).await;
    let settings = OutboundSettings { ca_file: None, ..world.settings.clone() };
    let told = found(read_domain(settings, &world.proof()).await);
    assert!(told.contains("TLS"), "{told}");
    assert_eq!(world.site.requests().len(), 0);
}

#[actix_rt::test]
async fn a_domain_that_leads_to_a_forbidden_address_is_refused() {
    for address in [Ipv4Addr::LOCALHOST, Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(169, 254, 169, 254)] {
        let names = Names::start();
        names.leads_to(NAME, Ipv4Addr::new(8, 8, 8, 8));
        names.leads_to(NAME, address);
        let settings = OutboundSettings { dns_servers: vec![names.address], ..public() };
        let why = forbidden(read_domain(settings, &file_of(NAME)).await);
        assert!(!why.contains(&address.to_string()), "{why}");
    }
}

#[actix_rt::test]
async fn a_domain_that_means_another_in_each_network_or_this_server_is_refused() {
    let policy = AddressPolicy { own_hosts: vec!["clankdin.example".into()], ..AddressPolicy::default() };
    for domain in ["localhost", "kai.internal", "printer.local", "redis", "clankdin.example"] {
        for proof in [file_of(domain), records_of(domain)] {
            let settings = OutboundSettings { policy: policy.clone(), ..public() };
            forbidden(read_domain(settings, &proof).await);
        }
    }
}

#[actix_rt::test]
async fn a_port_proves_no_domain() {
    for proof in [file_of("kai.example:8443"), records_of("kai.example:8443")] {
        assert!(forbidden(read_domain(public(), &proof).await).contains("port"));
    }
}

#[actix_rt::test]
async fn a_domain_that_is_not_there_proves_nothing() {
    let names = Names::start();
    let settings = OutboundSettings { dns_servers: vec![names.address], ..public() };
    let told = found(read_domain(settings, &file_of(NAME)).await);
    assert!(told.contains("there is no such name"), "{told}");
}

#[actix_rt::test]
async fn a_record_with_the_code_proves_its_domain_whatever_stands_beside_it() {
    let names = Names::start();
    let settings = OutboundSettings { dns_servers: vec![names.address], ..public() };
    names.says("_clankdin.kai.example", "v=spf1 -all");
    let told = found(read_domain(settings.clone(), &records_of(NAME)).await);
    assert_eq!(told, "one record of 11 bytes in all, in which the code does not stand");
    // In several strings, and the code on the seam of two.
    let long = format!("{} {CODE}", "x".repeat(195));
    names.says("_clankdin.kai.example", &long);
    assert_eq!(read_domain(settings, &records_of(NAME)).await.unwrap().as_str(), NAME);
}

#[actix_rt::test]
async fn a_record_of_another_name_proves_nothing() {
    let names = Names::start();
    names.says("kai.example", CODE);
    names.says("_clankdin.other.example", CODE);
    let settings = OutboundSettings { dns_servers: vec![names.address], ..public() };
    let told = found(read_domain(settings, &records_of(NAME)).await);
    assert!(told.contains("there is no such name"), "{told}");
}

#[actix_rt::test]
async fn records_that_nobody_answers_for_prove_nothing() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let settings = OutboundSettings { dns_servers: vec![silent.local_addr().unwrap()], ..public() };
    let told = found(read_domain(hasty(settings), &records_of(NAME)).await);
    assert!(told.starts_with("none: "), "{told}");
}
