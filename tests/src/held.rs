//! A card in the hands of somebody who follows no flow.

use card::aid;
use card::apdu::Response;
use card::certificate::Certificate;
use card::evidence::{Context, Evidence, SurfacePart, TextFiles};
use card::key::{SHA256_DIGEST_INFO, Signature};
use card::status::Status;
use card::surface_ap::AgeRecord;
use card::transport::Transport;
use card::trust::ApRole;

use crate::again::files_again;

/// A card as whoever holds it can use it: command by command, with no session in the way.
pub struct Held<T>(pub T);

impl<T: Transport> Held<T> {
    /// What the card says to a command.
    ///
    /// # Panics
    /// If that is not success, here and in all that follows: the cards that are held are in order, and so is what they are asked.
    pub fn send(&mut self, command: &[u8]) -> Vec<u8> {
        let answer = self.0.transmit(command).expect("the card is there");
        let response = Response::decode(&answer).expect("a card's response");
        assert_eq!(response.status, Status::Success);
        response.data().to_vec()
    }

    /// Selects an application.
    ///
    /// # Panics
    /// See [`Self::send`].
    pub fn select(&mut self, aid: &[u8; 10]) {
        self.send(&[&[0x00, 0xA4, 0x04, 0x0C, 0x0A][..], aid].concat());
    }

    /// Presents a PIN or code.
    ///
    /// # Panics
    /// See [`Self::send`].
    pub fn verify(&mut self, code: &[u8]) {
        let length = u8::try_from(code.len()).expect("a short code");
        self.send(&[&[0x00, 0x20, 0x00, 0x91, length][..], code].concat());
    }

    /// Reads a file by its short identifier.
    ///
    /// # Panics
    /// See [`Self::send`].
    #[must_use]
    pub fn read(&mut self, short_id: u8) -> Vec<u8> {
        self.send(&[0x00, 0xB0, 0x80 | short_id, 0x00, 0x00, 0x00, 0x00])
    }

    /// The selected application signs any digest for anybody.
    ///
    /// # Panics
    /// See [`Self::send`].
    pub fn sign(&mut self, digest: [u8; 32]) -> Signature {
        let info = [&SHA256_DIGEST_INFO[..], &digest].concat();
        let command = [&[0x80, 0x2A, 0x00, 0x00, 0x33][..], &info, &[0x00]].concat();
        Signature::try_from(&self.send(&command)[..]).expect("as long as the modulus")
    }

    /// This card's answers, over files that need not be its own. No PIN is entered; the birth code is this card's holder's.
    ///
    /// # Panics
    /// See [`Self::send`].
    pub fn answer(
        &mut self,
        files: &TextFiles,
        birth_code: &[u8; 6],
        context: &Context<'_>,
    ) -> Evidence {
        self.select(&aid::TEXT_AP);
        let answer = self.sign(context.digest(ApRole::Text, files.named()));
        self.select(&aid::SURFACE_AP);
        self.verify(birth_code);
        let mut part = SurfacePart {
            age_record: AgeRecord::decode(&self.read(1)).expect("an age record"),
            certificate: Certificate::decode(&self.read(4)).expect("a certificate"),
            answer: Signature::from([0; 256]),
        };
        let both = files.named().into_iter().chain(part.named());
        part.answer = self.sign(context.digest(ApRole::Surface, both));
        Evidence::new(files_again(files), answer, Some(part))
    }
}
