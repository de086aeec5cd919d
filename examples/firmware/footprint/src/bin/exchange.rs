//! A client's exchange: a request encoded, the header matched, the response decoded.
#![no_std]
#![no_main]

use emu_smp::image::UploadRequest;
use emu_smp::{Header, Version, decode_response, encode_request};
use footprint::keep;

footprint::program! {
    state: ([u8; 600], [u8; 512]) = ([0; 600], [0; 512]),
    turn: |(frame, data), answer| {
        let request = UploadRequest { length: None, offset: 512, sha: None, data, image: None, upgrade: None };
        keep(&encode_request(&request, Version::V1, 70, frame));
        let asked = Header::split(frame).map(|(header, _)| header);
        if let (Ok(asked), Ok((header, body))) = (asked, Header::split(answer))
            && header.check_answers(&asked).is_ok()
        {
            keep(&decode_response::<UploadRequest>(body));
        }
    },
    input: b"\x0b\x00\x00\x0b\x00\x01\x46\x01\xbf\x62rc\x00\x63off\x19\x04\x00\xff",
    count: 1,
    unit: "exchange",
}
