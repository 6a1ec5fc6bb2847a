//! The council's own sign-in, by OpenID Connect: where it is, its keys, and what it says of somebody.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod, CoreErrorResponseType,
    CoreGenderClaim, CoreIdTokenVerifier, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::url::Url;
use openidconnect::{
    AdditionalClaims, AuthType, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, DiscoveryError,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdToken, IdTokenClaims, IdTokenFields,
    IssuerUrl, LogoutRequest, Nonce, PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl,
    ProviderMetadataWithLogout, RedirectUrl, RequestTokenError, Scope, StandardErrorResponse, StandardTokenResponse,
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::issuer_http::{Http, HttpTrouble};
use crate::config::OidcSettings;
use crate::domain::{AccountName, SignInRole};
use crate::log::{self, Loggable};
use crate::operation::Failure;

/// Where the issuer leads back to.
pub(super) const BACK: &str = "/sign-in/council/back";
/// How long what the issuer says of itself is believed. Keys that it has changed sooner are fetched when one is missed.
const BELIEVED_FOR: Duration = Duration::from_secs(3600);
/// For how long an issuer that did not answer is not asked again, so that those who waited for it do not wait in turn.
const LEFT_ALONE_FOR: Duration = Duration::from_secs(2);
/// Only signatures that cannot be made with a secret which tessera holds itself (RFC 8725, 2.1 and 3.1).
const SIGNATURES: [CoreJwsSigningAlgorithm; 5] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Every claim beyond those of the standard: roles and groups stand where the council has put them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct OtherClaims(Map<String, Value>);

impl AdditionalClaims for OtherClaims {}

type Token = IdToken<OtherClaims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Claims = IdTokenClaims<OtherClaims, CoreGenderClaim>;
type Answer = StandardTokenResponse<
    IdTokenFields<
        OtherClaims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;
type OurClient = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Answer,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The council's own sign-in.
pub(super) struct Issuer {
    settings: OidcSettings,
    issuer: IssuerUrl,
    secret: ClientSecret,
    back: RedirectUrl,
    left_at: PostLogoutRedirectUrl,
    http: Http,
    known: RwLock<Option<Arc<Known>>>,
    /// Whose turn it is to ask the issuer about itself, and when it last did not answer.
    turn: Mutex<Option<Instant>>,
}

/// What the issuer has said of itself.
struct Known {
    about: ProviderMetadataWithLogout,
    client: OurClient,
    since: Instant,
}

/// Why somebody is not signed in. Never a token, a code or a claim.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum IssuerTrouble {
    /// It does not answer, or not as it should.
    #[error("the issuer does not answer as it should: {0}")]
    Away(&'static str),
    /// It answers with a status of HTTP that is none of a success.
    #[error("the issuer does not answer as it should: status {0}")]
    Status(u16),
    /// It says itself why not, by a code of the standard.
    #[error("the issuer does not answer as it should: it says {0}")]
    Says(&'static str),
    /// It does not take the code.
    #[error("the issuer does not take the code")]
    Code,
    /// What it says of somebody does not hold.
    #[error("what the issuer says of somebody does not hold: {0}")]
    Unproved(&'static str),
}

/// Sentences of the program, codes that it knows, and a status: nothing that the issuer or anybody else has written.
impl Loggable for &IssuerTrouble {
    fn loggable(self) -> impl log::Value {
        self.to_string()
    }
}

/// Somebody is about to be led to the issuer.
pub(super) struct Leading {
    pub(super) to: Url,
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
}

/// What the issuer says of somebody.
pub(super) struct Said {
    /// The name for the audit trail; `None` where no claim holds one that can stand there.
    pub(super) name: Option<AccountName>,
    pub(super) roles: BTreeSet<SignInRole>,
}

impl Issuer {
    /// The issuer of the settings, for pages at an address.
    pub(super) fn new(settings: &OidcSettings, url: &str) -> Result<Self, Failure> {
        let wrong = |error: anyhow::Error| Failure::configuration(error, "mend [web.oidc] in the configuration");
        let address = |path: &str| format!("{url}{path}");
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|error| wrong(error.into()))?;
        let is_tls_only = issuer.url().scheme() == "https";
        Ok(Self {
            secret: ClientSecret::new(settings.client_secret.text()?.expose_secret().to_owned()),
            back: RedirectUrl::new(address(BACK)).map_err(|error| wrong(error.into()))?,
            left_at: PostLogoutRedirectUrl::new(address("/sign-in")).map_err(|error| wrong(error.into()))?,
            http: Http::new(settings.certificate_authority.as_deref(), is_tls_only).map_err(wrong)?,
            settings: settings.clone(),
            issuer,
            known: RwLock::new(None),
            turn: Mutex::new(None),
        })
    }

    /// Where somebody is led to, with what must come back.
    pub(super) async fn lead(&self) -> Result<Leading, IssuerTrouble> {
        let known = self.known().await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let asked = known.client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        let scopes = ["profile", "email"].map(|scope| Scope::new(scope.to_owned()));
        let (to, state, nonce) = asked.add_scopes(scopes).set_pkce_challenge(challenge).url();
        let (state, nonce) = (state.into_secret(), nonce.secret().clone());
        Ok(Leading { to, state, nonce, verifier: verifier.into_secret() })
    }

    /// What the issuer says of whoever came back with a code.
    pub(super) async fn redeem(&self, code: String, verifier: String, nonce: String) -> Result<Said, IssuerTrouble> {
        let known = self.known().await?;
        let asked = known.client.exchange_code(AuthorizationCode::new(code));
        let asked = asked.map_err(|_| IssuerTrouble::Away("it names no token endpoint"))?;
        let answered = asked.set_pkce_verifier(PkceCodeVerifier::new(verifier)).request_async(&self.http).await;
        let answer = answered.map_err(|error| token_trouble(&error))?;
        let token = answer.extra_fields().id_token().ok_or(IssuerTrouble::Unproved("there is no ID token"))?;
        let nonce = Nonce::new(nonce);
        match self.claims(&known, token, &nonce) {
            // It may have changed its keys since it was asked for them.
            Err(IssuerTrouble::Unproved(SIGNATURE)) => {
                let renewed = self.renewed(Some(&known)).await?;
                self.claims(&renewed, token, &nonce).map(|claims| self.said(claims))
            }
            claims => claims.map(|claims| self.said(claims)),
        }
    }

    /// Where somebody who signs out is led to, so that they are signed out at the council too; nowhere where the issuer
    /// has no such place. The address carries no token: it stands in histories and logs of proxies.
    pub(super) fn way_out(&self) -> Option<Url> {
        let known = self.last_known()?;
        let end = known.about.additional_metadata().end_session_endpoint.clone()?;
        let request = LogoutRequest::from(end).set_client_id(ClientId::new(self.settings.client_id.clone()));
        Some(request.set_post_logout_redirect_uri(self.left_at.clone()).http_get_url())
    }

    /// Whether an answer that names its issuer (RFC 9207) names this one.
    pub(super) fn is_named(&self, issuer: &str) -> bool {
        self.issuer.as_str() == issuer
    }

    fn claims<'t>(&self, known: &Known, token: &'t Token, nonce: &Nonce) -> Result<&'t Claims, IssuerTrouble> {
        let client_id = ClientId::new(self.settings.client_id.clone());
        let keys = known.about.jwks().clone();
        let verifier = CoreIdTokenVerifier::new_public_client(client_id, self.issuer.clone(), keys)
            .set_allowed_algs(SIGNATURES)
            // Others are taken only where the token says that it was made for tessera: see below.
            .set_other_audience_verifier_fn(|_| true);
        let claims = token.claims(&verifier, nonce).map_err(|error| IssuerTrouble::Unproved(unproved(&error)))?;
        let party = claims.authorized_party().map(|party| party.as_str());
        let is_ours = match party {
            Some(party) => party == self.settings.client_id,
            None => claims.audiences().len() == 1,
        };
        if is_ours { Ok(claims) } else { Err(IssuerTrouble::Unproved("it is meant for another party")) }
    }

    fn said(&self, claims: &Claims) -> Said {
        let claims = match serde_json::to_value(claims) {
            Ok(Value::Object(claims)) => claims,
            _ => Map::new(),
        };
        read(&claims, &self.settings)
    }

    fn last_known(&self) -> Option<Arc<Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn known(&self) -> Result<Arc<Known>, IssuerTrouble> {
        match self.last_known() {
            Some(known) if known.since.elapsed() < BELIEVED_FOR => Ok(known),
            known => self.renewed(known.as_ref()).await,
        }
    }

    /// Asks the issuer about itself, unless somebody else has since `seen`.
    async fn renewed(&self, seen: Option<&Arc<Known>>) -> Result<Arc<Known>, IssuerTrouble> {
        let mut failed = self.turn.lock().await;
        if let Some(known) = self.last_known()
            && !seen.is_some_and(|seen| Arc::ptr_eq(seen, &known))
        {
            return Ok(known);
        }
        if failed.is_some_and(|at| at.elapsed() < LEFT_ALONE_FOR) {
            return Err(IssuerTrouble::Away("it did not answer a moment ago"));
        }
        match self.ask().await {
            Ok(known) => {
                let known = Arc::new(known);
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
                *failed = None;
                Ok(known)
            }
            Err(trouble) => {
                *failed = Some(Instant::now());
                Err(trouble)
            }
        }
    }

    async fn ask(&self) -> Result<Known, IssuerTrouble> {
        let about = ProviderMetadataWithLogout::discover_async(self.issuer.clone(), &self.http).await;
        let about = about.map_err(|error| discovery_trouble(&error))?;
        let end = about.additional_metadata().end_session_endpoint.as_ref().map(|end| end.url());
        for led_to in [Some(about.authorization_endpoint().url()), end].into_iter().flatten() {
            if !self.http.may_ask(led_to) {
                return Err(IssuerTrouble::Away("it leads to an address without TLS"));
            }
        }
        let client_id = ClientId::new(self.settings.client_id.clone());
        let methods = about.token_endpoint_auth_methods_supported();
        // Basic is what holds where it says nothing (OpenID Connect Discovery 1.0, 3).
        let is_basic = methods.is_none_or(|methods| methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let client = OurClient::from_provider_metadata(about.clone(), client_id, Some(self.secret.clone()))
            .set_redirect_uri(self.back.clone())
            .set_auth_type(if is_basic { AuthType::BasicAuth } else { AuthType::RequestBody });
        Ok(Known { about, client, since: Instant::now() })
    }
}

/// What the claims say: every role that one of the values is mapped to, and the first claim that can be a name.
fn read(claims: &Map<String, Value>, settings: &OidcSettings) -> Said {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let names = [settings.name_claim.as_str(), "email", "sub"];
    let given = names.into_iter().find_map(text);
    let values = match claims.get(&settings.role_claim) {
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(value)) => vec![value.as_str()],
        _ => Vec::new(),
    };
    let roles = values.into_iter().filter_map(|value| settings.roles.get(value).copied()).collect();
    Said { name: given.and_then(AccountName::parse), roles }
}

const SIGNATURE: &str = "its signature";

/// The kind of what is wrong: the crate's own messages show claims.
fn unproved(error: &openidconnect::ClaimsVerificationError) -> &'static str {
    use openidconnect::ClaimsVerificationError as Wrong;
    match error {
        Wrong::Expired(_) => "it has expired",
        Wrong::InvalidAudience(_) => "it is meant for somebody else",
        Wrong::InvalidIssuer(_) => "it is another issuer's",
        Wrong::InvalidNonce(_) => "it belongs to another sign-in",
        Wrong::SignatureVerification(_) => SIGNATURE,
        _ => "its form",
    }
}

fn discovery_trouble(error: &DiscoveryError<HttpTrouble>) -> IssuerTrouble {
    match error {
        DiscoveryError::Request(trouble) => IssuerTrouble::Away(trouble.as_str()),
        DiscoveryError::Response(status, ..) => IssuerTrouble::Status(status.as_u16()),
        DiscoveryError::Validation(_) => IssuerTrouble::Away("it names itself otherwise than `issuer` does"),
        _ => IssuerTrouble::Away("what it says of itself cannot be understood"),
    }
}

fn token_trouble(
    error: &RequestTokenError<HttpTrouble, StandardErrorResponse<CoreErrorResponseType>>,
) -> IssuerTrouble {
    match error {
        RequestTokenError::ServerResponse(answer) => match answer.error() {
            CoreErrorResponseType::InvalidGrant => IssuerTrouble::Code,
            CoreErrorResponseType::InvalidClient | CoreErrorResponseType::UnauthorizedClient => {
                IssuerTrouble::Away("it does not take client-id and client-secret")
            }
            _ => IssuerTrouble::Away("it refuses to tell who came"),
        },
        RequestTokenError::Request(trouble) => IssuerTrouble::Away(trouble.as_str()),
        // A token whose claims have not the types that the standard has for them ends here too.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            IssuerTrouble::Away("what it says of somebody cannot be understood")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SecretSource;

    fn settings() -> OidcSettings {
        OidcSettings {
            issuer: "https://login.example".to_owned(),
            client_id: "tessera".to_owned(),
            client_secret: SecretSource::Environment("SECRET".to_owned()),
            role_claim: "roles".to_owned(),
            name_claim: "preferred_username".to_owned(),
            roles: [("Panel.Read", SignInRole::Reader), ("Panel.Run", SignInRole::Administrator)]
                .map(|(value, role)| (value.to_owned(), role))
                .into(),
            certificate_authority: None,
        }
    }

    fn said(claims: &Value) -> (Option<String>, Vec<SignInRole>) {
        let said = read(claims.as_object().unwrap(), &settings());
        (said.name.map(|name| name.to_string()), said.roles.into_iter().collect())
    }

    #[test]
    fn every_role_that_is_mapped_counts_and_no_other() {
        use SignInRole::{Administrator, Reader};
        for (roles, wanted) in [
            (serde_json::json!(["Panel.Run", "Other", "Panel.Read"]), vec![Reader, Administrator]),
            (serde_json::json!("Panel.Run"), vec![Administrator]),
            (serde_json::json!("panel.run"), vec![]),
            (serde_json::json!("Panel.Run Panel.Read"), vec![]),
            (serde_json::json!([["Panel.Run"], { "Panel.Run": true }, 1]), vec![]),
            (serde_json::json!({ "Panel.Run": true }), vec![]),
            (Value::Null, vec![]),
        ] {
            let claims = serde_json::json!({ "sub": "1", "roles": roles });
            assert_eq!(said(&claims), (Some("1".to_owned()), wanted), "{claims}");
        }
        assert_eq!(said(&serde_json::json!({ "sub": "1", "groups": ["Panel.Run"] })).1, vec![]);
    }

    #[test]
    fn the_first_claim_that_is_there_is_the_name_or_there_is_none() {
        for (claims, wanted) in [
            (serde_json::json!({ "sub": "1", "email": "e@a", "preferred_username": "Sam@A" }), Some("sam@a")),
            (serde_json::json!({ "sub": "1", "email": "e@a" }), Some("e@a")),
            (serde_json::json!({ "sub": "1" }), Some("1")),
            // One that cannot stand in the trail is not passed over for another that somebody is not known by.
            (serde_json::json!({ "sub": "1", "preferred_username": "Sam Officer" }), None),
            (serde_json::json!({}), None),
        ] {
            assert_eq!(said(&claims).0.as_deref(), wanted, "{claims}");
        }
    }
}
