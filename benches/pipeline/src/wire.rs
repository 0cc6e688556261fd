//! The part of HTTP/1.1 that the floor requires: one connection, and bodies of a known length.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
};

/// One connection that stays open.
#[derive(Debug)]
pub(crate) struct Connection {
    host: String,
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(host: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            host: host.to_owned(),
            stream: BufReader::with_capacity(64 * 1024, stream),
        })
    }

    /// Sends a request and reads the whole response.
    pub(crate) fn ask(
        &mut self,
        method: &str,
        path: &str,
        extra: &str,
        body: &[u8],
    ) -> io::Result<Vec<u8>> {
        let length = self.send(method, path, extra, body)?;
        let mut answer = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.stream.read_exact(&mut answer)?;
        Ok(answer)
    }

    /// Sends a request and returns the length of the response body, which is not read yet.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        extra: &str,
        body: &[u8],
    ) -> io::Result<u64> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{extra}content-length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        let stream = self.stream.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line == "\r\n" {
                return Ok(length);
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
    }

    /// Reads the body of a response as it arrives.
    pub(crate) fn body(&mut self) -> &mut impl BufRead {
        &mut self.stream
    }
}
