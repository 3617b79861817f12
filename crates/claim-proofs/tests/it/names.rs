//! A name server on loopback that knows what a test tells it.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};

const A: u16 = 1;
const TXT: u16 = 16;

type Records = Arc<Mutex<HashMap<(String, u16), Vec<Vec<u8>>>>>;

/// A name server. Its answers may not be kept by anyone.
pub(crate) struct Names {
    pub(crate) address: SocketAddr,
    records: Records,
}

impl Names {
    pub(crate) fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (address, records) = (socket.local_addr().unwrap(), Records::default());
        let known = records.clone();
        std::thread::spawn(move || {
            let mut packet = [0; 1500];
            while let Ok((length, peer)) = socket.recv_from(&mut packet) {
                let _ = socket.send_to(&reply(&packet[..length], &known), peer);
            }
        });
        Self { address, records }
    }

    /// An address of a name.
    pub(crate) fn leads_to(&self, name: &str, address: Ipv4Addr) {
        self.add(name, A, address.octets().to_vec());
    }

    /// A TXT record of a name; one that is long comes in several strings.
    pub(crate) fn says(&self, name: &str, text: &str) {
        let strings = text.as_bytes().chunks(200);
        let data = strings.flat_map(|part| [&[u8::try_from(part.len()).unwrap()], part].concat());
        self.add(name, TXT, data.collect());
    }

    fn add(&self, name: &str, kind: u16, data: Vec<u8>) {
        self.records.lock().unwrap().entry((name.into(), kind)).or_default().push(data);
    }
}

fn reply(packet: &[u8], known: &Records) -> Vec<u8> {
    let (mut end, mut labels) = (12, Vec::new());
    while packet[end] != 0 {
        let label = end + 1..end + 1 + usize::from(packet[end]);
        labels.push(String::from_utf8_lossy(&packet[label.clone()]).to_ascii_lowercase());
        end = label.end;
    }
    let kind = u16::from_be_bytes([packet[end + 1], packet[end + 2]]);
    let name = labels.join(".");
    let known = known.lock().unwrap();
    let no_such_name = u8::from(!known.keys().any(|(it, _)| *it == name)) * 3;
    let records = known.get(&(name, kind)).cloned().unwrap_or_default();
    let mut reply = packet[..2].to_vec();
    let count = u8::try_from(records.len()).unwrap();
    reply.extend([0x81, 0x80 | no_such_name, 0, 1, 0, count, 0, 0, 0, 0]);
    reply.extend(&packet[12..end + 5]);
    for data in records {
        reply.extend([0xc0, 0x0c, 0, u8::try_from(kind).unwrap(), 0, 1, 0, 0, 0, 0]);
        reply.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        reply.extend(data);
    }
    reply
}
