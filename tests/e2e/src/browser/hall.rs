//! The town hall's page as its user sees it: the only place of the journeys that knows the page's test ids.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::{Browser, Opening, Page, Played, Received, element::Element};
use crate::wait;

/// Energy of some moments of speech, as WebRTC counts it.
const HEARD: f64 = 0.01;
/// Energy that is none: what a decoder leaves of silence.
const SILENCE: f64 = 0.000_1;
/// Pictures that are no accident.
const SEEN: u64 = 10;
/// Seconds of a recording that are played when it is played.
const PLAYED: f64 = 5.0;
/// Longer than a pause of Chromium's test sound, which beeps every second.
const LISTEN: Duration = Duration::from_millis(2_500);

/// The tone of the status line's cell while a recorder is in the epoch.
const RECORDED: &str = "recorded";

/// How somebody enters.
#[derive(Debug, Clone, Copy)]
pub enum Form<'a> {
    /// By proof, without a name.
    Anonymous,
    /// By the name of an account, which the built-in wallet signs for.
    Known(&'a str),
}

/// A person's own device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// Sound.
    Microphone,
    /// Picture.
    Camera,
    /// What stands on the screen.
    Screen,
}

impl Device {
    const fn id(self) -> &'static str {
        match self {
            Self::Microphone => "microphone",
            Self::Camera => "camera",
            Self::Screen => "screen",
        }
    }

    const fn open(self) -> &'static str {
        if matches!(self, Self::Microphone) { "live" } else { "on" }
    }

    /// Of every device.
    const SHUT: &str = "off";
}

/// One person's page.
#[derive(Debug, Clone)]
pub struct HallPage {
    /// The page itself.
    pub page: Page,
}

/// A seat as its own page shows it.
#[derive(Debug, Clone)]
pub struct OwnSeat {
    /// Its pseudonym in the room.
    pub identity: String,
    /// Its role.
    pub role: String,
}

fn id(name: &str) -> Element {
    Element::id(name)
}

impl HallPage {
    /// Opens the page of a daemon, by its link.
    pub fn open(browser: &Browser, name: &str, link: &str, opening: &Opening) -> Result<Self> {
        Ok(Self { page: browser.open(name, link, opening)? })
    }

    /// From the list of rooms to the screen before a room.
    pub fn choose(&self, room: &str) -> Result<()> {
        self.page.click(&id("room-row").with("room", room).inner(&id("enter-room")))?;
        self.page.wait(&id("prejoin"))
    }

    /// From the list of rooms into a room, until media and keys are there.
    pub fn enter(&self, room: &str, form: Form<'_>) -> Result<OwnSeat> {
        self.choose(room)?;
        self.go(form)?;
        self.seated()
    }

    /// The same into a room that is recorded: the page says so, and goes in when that was read. `meanwhile` looks at the room.
    pub fn enter_recorded(
        &self,
        room: &str,
        form: Form<'_>,
        meanwhile: impl FnOnce() -> Result<()>,
    ) -> Result<OwnSeat> {
        self.choose(room)?;
        self.go(form)?;
        self.page.wait(&id("recorded").or(&id("room").or(&id("refused"))))?;
        meanwhile()?;
        self.page.click(&id("recorded-enter"))?;
        self.seated()
    }

    /// Presses "Enter" on the screen before a room.
    pub fn go(&self, form: Form<'_>) -> Result<()> {
        self.select(form)?;
        self.page.click(&id("enter"))
    }

    /// The same, and the milliseconds from that press until somebody's sound was played.
    pub fn go_and_hear(&self, form: Form<'_>) -> Result<f64> {
        self.select(form)?;
        self.page.wait(&id("enter").enabled())?;
        self.page.first_sound(&id("enter"))
    }

    fn select(&self, form: Form<'_>) -> Result<()> {
        match form {
            Form::Anonymous => self.page.click(&id("form-anonymous")),
            Form::Known(account) => {
                self.page.click(&id("form-known"))?;
                self.page.choose(&id("account-select"), account)
            }
        }
    }

    /// The same page in its other language.
    pub fn other_language(&self) -> Result<()> {
        self.page.click(&id("language"))
    }

    /// Waits until the room is shown, connected and with keys; a refusal is an error with its name.
    pub fn seated(&self) -> Result<OwnSeat> {
        let there = id("room").with("network", "connected");
        self.page.wait(&there.clone().or(&id("refused")))?;
        if self.page.count(&id("refused"))? > 0 {
            let (reason, told) = self.refusal()?;
            bail!("refused: {reason}: {told}");
        }
        self.keyed()?;
        let own = id("me");
        Ok(OwnSeat {
            identity: self.page.attribute(&own, "data-identity")?,
            role: self.page.attribute(&own, "data-role")?,
        })
    }

    /// Waits until the own seat has keys to send with.
    pub fn keyed(&self) -> Result<()> {
        self.page.wait(&id("status-enc").with("tone", "ok")).context("keys did not come")
    }

    /// Name and sentence of the refusal that is shown, waiting for it.
    pub fn refusal(&self) -> Result<(String, String)> {
        let shown = id("refused");
        Ok((self.page.attribute(&shown, "data-reason")?, one_line(&self.page.text(&shown)?)))
    }

    /// Why the room ended for this seat, waiting for that.
    pub fn ended(&self) -> Result<(String, String)> {
        let shown = id("ended");
        Ok((self.page.attribute(&shown, "data-reason")?, one_line(&self.page.text(&shown)?)))
    }

    /// The sentence before a room that says why nobody enters in a form: `anonymous` or `known`.
    pub fn reason(&self, form: &str) -> Result<String> {
        Ok(one_line(&self.page.text(&id(&format!("{form}-reason")))?))
    }

    /// Waits for something to be told, by the name of its sentence, and gives the sentence.
    pub fn told(&self, key: &str) -> Result<String> {
        let said = self.page.text(&id("notice").with("key", key));
        if said.is_err() {
            // What is told instead; the failure itself is what counts.
            let _ = self.page.picture(&format!("not-told-{key}"));
        }
        Ok(one_line(&said?))
    }

    /// Whether something is told now.
    pub fn is_told(&self, key: &str) -> Result<bool> {
        Ok(self.page.count(&id("notice").with("key", key))? > 0)
    }

    /// Opens or closes an own device, and waits until it is so.
    pub fn switch(&self, device: Device, on: bool) -> Result<()> {
        let button = id(device.id());
        self.page.wait(&button)?;
        // The page takes no press while keys change: pressed again then.
        wait::until(&format!("the {}", device.id()), || {
            let state = self.device(device)?;
            if state == if on { device.open() } else { Device::SHUT } {
                return Ok(Some(()));
            }
            ensure!(state != "blocked", "the browser blocks the {}", device.id());
            if state != "opening" {
                self.page.click(&button)?;
            }
            wait::moment(wait::MOMENT);
            Ok(None)
        })
    }

    /// Presses the button of a device once.
    pub fn press_device(&self, device: Device) -> Result<()> {
        self.page.click(&id(device.id()))
    }

    /// The state of an own device.
    pub fn device(&self, device: Device) -> Result<String> {
        self.page.attribute(&id(device.id()), "data-state")
    }

    /// Waits until an own device is in a state.
    pub fn wait_device(&self, device: Device, state: &str) -> Result<()> {
        self.page.wait(&id(device.id()).with("state", state))
    }

    /// Whether there is a button for a device at all.
    pub fn offers(&self, device: Device) -> Result<bool> {
        Ok(self.page.count(&id(device.id()))? > 0)
    }

    /// Writes a message.
    pub fn say(&self, text: &str) -> Result<()> {
        self.panel("chat", "chat-input")?;
        self.page.fill(&id("chat-input"), text)?;
        self.page.click(&id("chat-send"))
    }

    /// Waits for somebody's message.
    pub fn hears_text(&self, from: &str, text: &str) -> Result<()> {
        self.panel("chat", "chat-input")?;
        self.page.wait_text(&id("message").with("identity", from).with("state", "received"), text)
    }

    /// Messages of others that are shown, with the chat open: whoever does not show it shows none in any case.
    pub fn messages(&self) -> Result<u64> {
        self.panel("chat", "chat-input")?;
        self.page.count(&id("message").with("state", "received"))
    }

    /// Sends a reaction.
    pub fn react(&self, reaction: &str) -> Result<()> {
        self.page.click(&id("react"))?;
        self.page.click(&id(&format!("react-{reaction}")))
    }

    /// Whether somebody's reaction is shown now.
    pub fn shows_reaction(&self, from: &str, reaction: &str) -> Result<bool> {
        Ok(self.page.count(&id("reaction").with("reaction", reaction).with("identity", from))? > 0)
    }

    /// Raises or lowers the own hand.
    pub fn hand(&self) -> Result<()> {
        self.page.click(&id("hand"))
    }

    /// Waits for somebody's raised hand in the queue.
    pub fn sees_hand(&self, from: &str) -> Result<()> {
        self.page.wait_attached(&id("hand-row").with("identity", from))
    }

    /// Waits until somebody's seat is shown as verified, and gives its role.
    pub fn sees_seat(&self, identity: &str) -> Result<String> {
        let seat = id("seat").with("identity", identity);
        self.panel("people", "roster")?;
        self.page.wait(&seat.clone().with("verified", "true"))?;
        let role = self.page.attribute(&seat, "data-role")?;
        self.panel("chat", "chat-input")?;
        Ok(role)
    }

    /// Somebody's role as it is shown now; none if no such seat is shown.
    pub fn role_of(&self, identity: &str) -> Result<Option<String>> {
        self.panel("people", "roster")?;
        let seat = id("seat").with("identity", identity);
        if self.page.count(&seat)? == 0 { Ok(None) } else { self.page.attribute(&seat, "data-role").map(Some) }
    }

    /// A moderator's order to a seat.
    pub fn order(&self, identity: &str, order: &str) -> Result<()> {
        self.panel("people", "roster")?;
        self.page.click(&id("seat").with("identity", identity).inner(&id("seat-menu")))?;
        self.page.click(&id(&format!("order-{order}")))
    }

    /// Accepts an invitation.
    pub fn accept(&self) -> Result<()> {
        self.page.click(&id("invitation-yes"))
    }

    /// Waits until the own seat has a role.
    pub fn wait_role(&self, role: &str) -> Result<()> {
        self.page.wait(&id("me").with("role", role))
    }

    /// The check code of this page, 25 digits, and a picture of the panel that shows it.
    pub fn check_code(&self, picture: &str) -> Result<(String, String)> {
        self.page.click(&id("status-enc"))?;
        let code = self.page.attribute(&id("check-code"), "data-code")?;
        let picture = self.page.picture(picture)?;
        self.page.click(&id("about-enc-close"))?;
        Ok((code, picture))
    }

    /// Waits until the status line says that the room is recorded, or that it is not.
    pub fn sees_recording(&self, on: bool) -> Result<()> {
        let cell = id("status-rec");
        let wanted = if on { cell.with("tone", RECORDED) } else { cell.without("tone", RECORDED) };
        self.page.wait(&wanted).with_context(|| format!("recording {}", if on { "on" } else { "off" }))
    }

    /// Whether the status line says that the room is recorded.
    pub fn is_recorded(&self) -> Result<bool> {
        Ok(self.page.attribute(&id("status-rec"), "data-tone")? == RECORDED)
    }

    /// Waits until somebody asks to record, and gives which recording it is.
    pub fn asked_to_record(&self) -> Result<String> {
        let dialog = id("consent");
        self.page.wait(&dialog)?;
        self.page.attribute(&dialog, "data-recording")
    }

    /// Agrees to be recorded.
    pub fn consent(&self) -> Result<()> {
        self.page.click(&id("consent-yes"))
    }

    /// Takes the consent back.
    pub fn withdraw(&self) -> Result<()> {
        self.page.click(&id("status-rec"))?;
        self.page.click(&id("recording-withdraw"))?;
        self.page.click(&id("about-rec-close"))
    }

    /// From the list of rooms to a recording, played from its beginning; gives what was checked and is not good. Sound must have
    /// been decoded and played: the player's clock reaches the end by itself.
    pub fn play_recording(&self, span: &str) -> Result<Vec<String>> {
        self.page.click(&id("nav-recordings"))?;
        self.page.click(&id("recording-row").with("span", span))?;
        self.page.wait(&id("player").with("span", span).with("state", "ready"))?;
        let mut bad = Vec::new();
        for check in ["check-anchored", "check-wraps", "check-whole", "check-key"] {
            if self.page.attribute(&id(check), "data-good")? != "true" {
                bad.push(check.to_owned());
            }
        }
        self.page.click(&id("player-play"))?;
        // It plays as long as was spoken, which may be longer than a page is waited for.
        let end = id("player").with("state", "ended");
        self.page.wait(&end).or_else(|_| self.page.wait(&end))?;
        let played = self.page.played(&id("recorded-sound"))?;
        ensure!(played.iter().all(|sound| sound.error.is_none()), "a file does not play: {played:?}");
        let is_heard = |sound: &Played| sound.seconds >= PLAYED && sound.decoded > 0;
        ensure!(played.iter().any(is_heard), "nothing of the recording was played: {played:?}");
        Ok(bad)
    }

    /// Leaves the room and waits for the list.
    pub fn leave(&self) -> Result<()> {
        self.page.click(&id("leave"))?;
        self.page.wait(&id("room-row"))
    }

    /// Loses signalling for a moment, and gives what is shown of the network until it is connected again.
    pub fn loses_signalling(&self) -> Result<Vec<String>> {
        self.page.cut(&id("room"), "data-network", "connected")
    }

    /// The epoch that is shown.
    pub fn epoch(&self) -> Result<u64> {
        let epoch = self.page.attribute(&id("room"), "data-epoch")?;
        epoch.parse().map_err(|_| anyhow!("no epoch: {epoch}"))
    }

    /// Waits until sound or picture of a sender is decoded, and gives what came since this was asked.
    pub fn receives(&self, identity: &str, what: Device) -> Result<Received> {
        let before = self.page.received(Some(identity))?;
        wait::until(&format!("the {} of {identity}", what.id()), || {
            let now = self.page.received(Some(identity))?.since(before);
            let enough = match what {
                Device::Microphone => now.energy > HEARD,
                Device::Camera | Device::Screen => now.frames >= SEEN,
            };
            Ok(enough.then_some(now))
        })
    }

    /// Waits until nothing of a sender is decoded any more: sound, or pictures.
    pub fn stops_receiving(&self, identity: &str, what: Device) -> Result<()> {
        wait::until(&format!("silence of {identity}"), || {
            let now = self.decoded(Some(identity), LISTEN)?;
            Ok(match what {
                Device::Microphone => now.energy < SILENCE,
                Device::Camera | Device::Screen => now.frames == 0,
            }
            .then_some(()))
        })
    }

    /// Waits until nothing of anybody is decoded any more, while the page is connected. Unlike [`Self::stops_receiving`] it asks
    /// no element whose track is whose, so an element that went while its track plays on is no silence.
    pub fn decodes_nobody(&self, what: Device) -> Result<()> {
        wait::until("silence of all", || {
            let now = self.decoded(None, LISTEN)?;
            let is_connected = self.page.count(&id("room").with("network", "connected"))? > 0;
            let is_silent = match what {
                Device::Microphone => now.energy < SILENCE,
                Device::Camera | Device::Screen => now.frames == 0,
            };
            Ok((is_connected && is_silent).then_some(()))
        })
    }

    /// What is decoded of a sender, or of all, while so much time passes.
    pub fn decoded(&self, identity: Option<&str>, time: Duration) -> Result<Received> {
        let before = self.page.received(identity)?;
        wait::moment(time);
        Ok(self.page.received(identity)?.since(before))
    }

    /// Shows a tab of the panel, if what it holds is not shown yet.
    fn panel(&self, tab: &str, holds: &str) -> Result<()> {
        if self.page.count(&id(holds))? > 0 {
            return Ok(());
        }
        let (inside, outside) = (id(&format!("tab-{tab}")), id(&format!("open-{tab}")));
        let opener = if self.page.count(&inside)? > 0 { inside } else { outside };
        self.page.click(&opener)?;
        self.page.wait(&id(holds))
    }
}

/// A text without its line breaks.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
