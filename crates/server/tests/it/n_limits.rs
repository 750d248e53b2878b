//! Threats N: how much one caller may ask.

use std::time::Duration;

use cogward_auth::{Bearers, Settings};
use cogward_server::{RateLimits, Site};
use cogward_session::{Quota, Rate};
use cogward_testkit::{Answer, Browser, Builder, StoreKind, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::audit::Log;
use crate::sign_ins::FAMILIES;
use crate::support::{operations, tokens, until};

const ALICE: &str = "user@example.com";
const BOB: &str = "admin@example.com";
const HERE: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.7";
const NONE: RateLimits = RateLimits {
    address: None,
    session: None,
    bad_credentials: None,
};

pub(crate) fn trusting(site: &mut Site) {
    site.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
}

/// Behind a proxy that is believed.
fn limited(limits: RateLimits) -> Builder {
    TestApp::builder().site(move |site| {
        trusting(site);
        site.rate_limits = limits;
    })
}

/// As many at once as nobody gets back in the time of a test.
fn rate(burst: u32) -> Option<Rate> {
    Some(Rate::new(burst, 1))
}

async fn from(browser: &Browser, address: &str, method: Method, path: &str) -> Answer {
    let mut browser = browser.copy();
    let request = browser.request(method, path).header("x-l42-csrf", "1");
    browser
        .send(request.header("x-forwarded-for", address))
        .await
}

async fn get(browser: &Browser, address: &str, path: &str) -> Answer {
    from(browser, address, Method::GET, path).await
}

/// How many are answered otherwise before the first 429, which is told as it should be.
async fn granted(most: u32, mut ask: impl AsyncFnMut(u32) -> Answer) -> u32 {
    for count in 0..most {
        let answer = ask(count).await;
        if answer.status == 429 {
            refused(&answer);
            return count;
        }
    }
    panic!("{most} requests and no limit");
}

/// Body, `Retry-After` and `RateLimit-*` say the same; the name of the limit.
#[track_caller]
fn refused(answer: &Answer) -> String {
    assert_eq!(answer.status, 429, "{} {}", answer.url, answer.body);
    let seconds: u32 = answer.header("retry-after").parse().unwrap();
    assert!(seconds > 0);
    assert_eq!(answer.header("ratelimit-reset"), seconds.to_string());
    assert_eq!(answer.header("ratelimit-remaining"), "0");
    let most: u32 = answer.header("ratelimit-limit").parse().unwrap();
    let policy = answer.header("ratelimit-policy");
    let (name, window) = policy.split_once(&format!(";q={most};w=")).unwrap();
    assert!(window.parse::<u32>().unwrap() > 0, "{policy}");
    assert_eq!(
        answer.header("ratelimit"),
        format!("{name};r=0;t={seconds}")
    );
    let body = answer.json();
    match answer.url.path().starts_with("/auth/") {
        true => assert_eq!(body["error"], "Too many requests"),
        false => assert_eq!(body["error"], "too_many_requests"),
    }
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.set_cookies(), Vec::<String>::new());
    name.trim_matches('"').to_owned()
}

/// Of the document, so that one added later is among them.
#[tokio::test]
async fn every_route_answers_429_beyond_its_limit() {
    let app = limited(RateLimits {
        address: rate(3),
        ..NONE
    });
    let app = app.fake().policies().start().await;
    let stranger = app.browser();
    let document = get(&stranger, HERE, "/openapi.json").await.json();
    let operations = operations(&app).await;
    for (number, (method, path)) in operations.iter().enumerate() {
        let address = format!("10.0.0.{number}");
        let ask = async |_| from(&stranger, &address, method.clone(), path).await;
        if path == "/health" {
            for count in 0..20 {
                assert_eq!(ask(count).await.status, 200);
            }
            continue;
        }
        assert!(granted(60, ask).await >= 3, "{method} {path}");
        app.clock.advance(3);
        assert_ne!(ask(0).await.status, 429, "{method} {path}");
    }
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let told = &operation["responses"]["429"];
            assert_eq!(told.is_null(), path == "/health", "{method} {path}");
            for name in ["Retry-After", "RateLimit-Remaining"] {
                let header = &told["headers"][name];
                assert_eq!(header.is_null(), path == "/health", "{method} {path}");
            }
        }
    }
    // What is not there costs as much, and so does what is not documented.
    let others = ["/nothing", "/auth/nothing", "/docs", "/.env"];
    for (number, path) in others.into_iter().enumerate() {
        let address = format!("10.0.1.{number}");
        let ask = async |_| get(&stranger, &address, path).await;
        assert!(granted(60, ask).await >= 3, "{path}");
    }
}

#[tokio::test]
async fn a_session_has_a_limit_of_its_own_and_so_has_a_token() {
    let app = limited(RateLimits {
        session: rate(5),
        ..NONE
    });
    let app = app.start().await;
    let (mut alice, mut bob) = (app.browser(), app.browser());
    app.sign_in(&mut alice, ALICE).await;
    app.sign_in(&mut bob, BOB).await;
    let me = async |count: u32| {
        let address = format!("10.0.0.{count}");
        get(&alice, &address, "/auth/me").await
    };
    assert!(granted(60, me).await >= 5, "whatever the address");
    let loads = app.store.calls("load");
    let answer = get(&alice, HERE, "/api/v1/auth/check").await;
    assert_eq!(refused(&answer), "requests of this session");
    assert_eq!(app.store.calls("load"), loads);
    for address in [HERE, ELSEWHERE] {
        assert_eq!(get(&bob, address, "/auth/me").await.status, 200);
        assert_eq!(get(&app.browser(), address, "/auth/me").await.status, 401);
    }
    app.advance(5).await;
    assert_eq!(get(&alice, HERE, "/auth/me").await.status, 200);

    let token = tokens(&app, ALICE).await["access_token"].clone();
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let call = async |_| {
        let mut client = app.browser();
        let request = client.request(Method::GET, "/auth/me");
        client.send(request.header("authorization", &bearer)).await
    };
    assert!(granted(60, call).await >= 5);
    assert_eq!(get(&bob, HERE, "/auth/me").await.status, 200);
}

#[tokio::test]
async fn every_answer_tells_what_is_left_of_the_nearest_limit() {
    let app = TestApp::builder().start().await;
    let mut browser = app.browser();
    let told = |answer: &Answer| {
        ["limit", "remaining", "reset"].map(|name| {
            let value = answer.header(&format!("ratelimit-{name}"));
            value.parse::<u32>().unwrap()
        })
    };
    assert_eq!(told(&browser.get("/auth/me").await), [10_000, 9_999, 1]);
    app.sign_in(&mut browser, ALICE).await;
    let [limit, left, reset] = told(&browser.get("/auth/me").await);
    assert_eq!((limit, reset), (1000, 1));
    assert!((990..1000).contains(&left), "{left}");
    for path in ["/api/v1/auth/login", "/nothing", "/auth/check"] {
        assert_eq!(told(&browser.get(path).await)[0], 1000, "{path}");
    }
    let health = browser.get("/health").await;
    assert!(!health.headers.contains_key("ratelimit-limit"));
    // And a page of the frontend can read it.
    let request = browser.request(Method::GET, "/auth/me");
    let request = request.header("origin", cogward_testkit::FRONTEND);
    let answer = browser.send(request).await;
    let exposed = answer.header("access-control-expose-headers");
    for name in [
        "retry-after",
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
        "ratelimit",
        "ratelimit-policy",
    ] {
        assert!(exposed.split(',').any(|it| it == name), "{exposed}");
    }
}

/// Neighbours behind the same address are not kept out.
#[tokio::test]
async fn bad_credentials_run_out_and_good_ones_do_not() {
    let app = limited(RateLimits {
        bad_credentials: rate(5),
        ..NONE
    });
    let app = app.start().await;
    let (mut alice, mut gone) = (app.browser(), app.browser());
    app.sign_in(&mut alice, ALICE).await;
    app.sign_in(&mut gone, ALICE).await;
    let ended = gone.copy();
    gone.post("/api/v1/auth/logout").await;
    let token = tokens(&app, ALICE).await["access_token"].clone();
    let good = format!("Bearer {}", token.as_str().unwrap());
    let call = async |address: &str, bearer: &str| {
        let mut client = app.browser();
        let request = client.request(Method::GET, "/auth/me");
        let request = request.header("authorization", bearer);
        client
            .send(request.header("x-forwarded-for", address))
            .await
    };
    for _ in 0..20 {
        // Nobody at all, and somebody who was somebody once.
        assert_eq!(get(&app.browser(), HERE, "/auth/me").await.status, 401);
        assert_eq!(get(&ended, HERE, "/auth/me").await.status, 401);
    }
    let mut forger = app.browser();
    let forged = async |count: u32| {
        forger.set_cookie("cogward_session", &format!("forged-{count}"));
        get(&forger, HERE, "/api/v1/auth/check").await
    };
    assert!(granted(60, forged).await >= 5);
    for bad in ["Bearer a.b.c", "Bearer", &format!("{good}x")] {
        let name = refused(&call(HERE, bad).await);
        assert_eq!(name, "bad credentials of this address", "{bad}");
        assert!([400, 401].contains(&call(ELSEWHERE, bad).await.status.as_u16()));
    }
    assert_eq!(call(HERE, &good).await.status, 200);
    assert_eq!(get(&alice, HERE, "/auth/me").await.status, 200);
    assert_eq!(get(&ended, HERE, "/auth/me").await.status, 401);
}

/// Somebody with a hundred requests, where policies are in force.
async fn of_a_hundred() -> (TestApp, Browser) {
    let app = limited(RateLimits {
        session: rate(100),
        ..NONE
    });
    let app = app.policies().start().await;
    let mut browser = app.browser();
    app.sign_in(&mut browser, ALICE).await;
    (app, browser)
}

#[tokio::test]
async fn a_batch_counts_as_many_as_it_asks() {
    let (app, mut browser) = of_a_hundred().await;
    let question = json!({ "action": "read:content" });
    let batch = async |browser: &mut Browser, count: usize| {
        let body = json!({ "questions": vec![question.clone(); count] });
        browser.post_json("/auth/authorize/batch", &body).await
    };
    assert_eq!(batch(&mut browser, 60).await.status, 200);
    refused(&batch(&mut browser, 60).await);
    // What is refused takes one, for having been asked.
    assert_eq!(batch(&mut browser, 30).await.status, 200);
    app.advance(100).await;
    assert_eq!(batch(&mut browser, 100).await.status, 200);
    let one = async |_| browser.copy().post_json("/auth/authorize", &question).await;
    assert!(granted(60, one).await < 20);
}

#[tokio::test]
async fn permissions_count_by_the_actions_they_decide_for() {
    let (app, browser) = of_a_hundred().await;
    let actions = app.auth.policies().engine().unwrap().actions().count();
    assert_eq!(actions.div_ceil(10), 3);
    let asks = async |_| browser.copy().get("/auth/permissions").await;
    let count = granted(60, asks).await;
    assert!((25..=35).contains(&count), "{count}");
}

#[tokio::test]
async fn t170_a_direct_client_cannot_choose_its_address() {
    let app = TestApp::builder().site(|site| {
        site.rate_limits = RateLimits {
            address: rate(10),
            ..NONE
        };
    });
    let app = app.start().await;
    let rotating = async |count: u32| {
        let address = format!("203.0.113.{count}");
        get(&app.browser(), &address, "/auth/me").await
    };
    let count = granted(60, rotating).await;
    assert!((10..30).contains(&count), "{count}");
}

#[tokio::test]
async fn t170_behind_a_proxy_the_right_most_untrusted_hop_counts() {
    let app = limited(RateLimits {
        address: rate(10),
        ..NONE
    });
    let app = app.start().await;
    let stranger = app.browser();
    for (spoofed, elsewhere) in [
        ("203.0.113.{}, 192.0.2.1", "203.0.113.1, 192.0.2.2"),
        ("203.0.113.{}, 192.0.2.3, 127.0.0.9", "192.0.2.4"),
        ("2001:db8::{}", "2001:db8:0:1::1"),
        ("::ffff:192.0.2.5, ::ffff:127.0.0.{}", "192.0.2.6"),
    ] {
        let rotating = async |count: u32| {
            let hops = spoofed.replace("{}", &count.to_string());
            get(&stranger, &hops, "/auth/me").await
        };
        let count = granted(60, rotating).await;
        assert!((10..30).contains(&count), "{spoofed}: {count}");
        let answer = get(&stranger, elsewhere, "/auth/me").await;
        assert_eq!(answer.status, 401, "{elsewhere}");
    }
}

fn few_sign_ins(it: &mut Settings) {
    it.sign_ins.each = Quota::new(6, 600);
    it.accounts.step = Duration::ZERO;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_share_a_store_share_the_sign_ins() {
    for store in [
        StoreKind::Memory,
        StoreKind::Redis,
        StoreKind::Postgres,
        StoreKind::DynamoDb,
    ] {
        let builder = || limited(NONE).store(store).settings(few_sign_ins);
        let one = builder().start().await;
        let two = builder().replica_of(&one).start().await;
        for round in 0..3 {
            for app in [&one, &two] {
                let start = get(&app.browser(), HERE, FAMILIES[round % 2].login).await;
                assert_eq!(start.status, 302, "{store:?}");
            }
        }
        for app in [&one, &two] {
            for family in FAMILIES {
                let answer = get(&app.browser(), HERE, family.login).await;
                assert_eq!(refused(&answer), "sign-ins", "{store:?}");
                let seconds: u32 = answer.header("retry-after").parse().unwrap();
                assert!((500..=600).contains(&seconds), "{store:?} {seconds}");
                let start = get(&app.browser(), ELSEWHERE, family.login).await;
                assert_eq!(start.status, 302, "{store:?}");
            }
        }
    }
}

/// What somebody asks of one server is missing at the others.
#[tokio::test(flavor = "multi_thread")]
async fn t172_servers_that_share_a_store_share_what_requests_draw() {
    for store in [StoreKind::Redis, StoreKind::Postgres, StoreKind::DynamoDb] {
        let builder = || {
            let limits = RateLimits {
                address: Some(Rate::new(60, 2)),
                session: Some(Rate::new(30, 2)),
                ..NONE
            };
            limited(limits)
                .store(store)
                .settings(|it| it.replicas = true)
        };
        let one = builder().start().await;
        let two = builder().replica_of(&one).start().await;
        let drain = async |app: &TestApp, browser: &Browser, address: &str| {
            let ask = async |_| {
                let answer = get(browser, address, "/auth/me").await;
                let counted = async || app.auth.unfinished() == 0;
                until("the store has counted", counted).await;
                answer
            };
            granted(500, ask).await
        };
        // Some come back in the time that it takes.
        assert!(drain(&one, &one.browser(), HERE).await >= 60);
        let left = drain(&two, &two.browser(), HERE).await;
        assert!(left < 40, "{store:?}: {left}");
        assert!(drain(&two, &two.browser(), ELSEWHERE).await >= 60);

        let (mut alice, mut elsewhere) = (one.browser(), two.browser());
        one.sign_in(&mut alice, ALICE).await;
        let cookie = alice.cookie("cogward_session").unwrap();
        elsewhere.set_cookie("cogward_session", cookie);
        assert!(drain(&one, &alice, "10.0.0.1").await >= 29);
        let left = drain(&two, &elsewhere, "10.0.0.2").await;
        assert!(left < 20, "{store:?}: {left}");
        for app in [&one, &two] {
            app.advance(60).await;
        }
        assert_eq!(get(&elsewhere, HERE, "/auth/me").await.status, 200);
    }
}

/// Who shows a cookie is counted for it, whatever else he sends, and nobody for words that any
/// page may send.
#[tokio::test]
async fn t172_a_header_that_nobody_looks_at_changes_no_limit() {
    let limits = RateLimits {
        session: rate(5),
        ..NONE
    };
    for bearers in [Bearers::Any, Bearers::Off] {
        let app = limited(limits).settings(move |it| it.bearers = bearers);
        let app = app.start().await;
        let (mut alice, mut bob) = (app.browser(), app.browser());
        app.sign_in(&mut alice, ALICE).await;
        app.sign_in(&mut bob, BOB).await;
        let token = async |browser: &Browser, authorization: &str| {
            let mut browser = browser.copy();
            let request = browser.request(Method::GET, "/auth/token");
            browser
                .send(request.header("authorization", authorization))
                .await
        };
        let varying = async |count| {
            let made_up = format!("Bearer a.b.made-up-signature-{count:010}");
            token(&alice, &made_up).await
        };
        assert!(granted(60, varying).await >= 5, "{bearers:?}");
        // A proxy's own, or a page's mistake: it is everybody's.
        let constant = match bearers {
            Bearers::Off => "Bearer the.same.for-all-who-pass-this-proxy",
            _ => "Bearer undefined",
        };
        let mut stranger = app.browser();
        for _ in 0..30 {
            let request = stranger.request(Method::GET, "/auth/token");
            let answer = stranger.send(request.header("authorization", constant));
            assert_eq!(answer.await.status, 401, "{bearers:?}");
        }
        assert_eq!(token(&bob, constant).await.status, 200, "{bearers:?}");
    }
}

/// CORS answers them before anything is done, and after they are counted.
#[tokio::test]
async fn preflights_count_as_requests_of_their_address() {
    let app = limited(RateLimits {
        address: rate(5),
        ..NONE
    });
    let app = app.start().await;
    for (address, path) in [(HERE, "/auth/me"), (ELSEWHERE, "/health")] {
        let ask = async |_| from(&app.browser(), address, Method::OPTIONS, path).await;
        assert!(granted(60, ask).await >= 5, "{path}");
    }
}

/// Who has used up his own takes nothing from what there is for all.
#[tokio::test]
async fn t172_one_address_does_not_use_up_the_sign_ins_of_all() {
    let app = limited(NONE).settings(|it| {
        few_sign_ins(it);
        it.sign_ins.all = Rate::new(20, 1);
    });
    let app = app.start().await;
    let login = async |_| get(&app.browser(), HERE, "/auth/login").await;
    assert!(granted(60, login).await >= 6);
    for _ in 0..100 {
        assert_eq!(refused(&login(0).await), "sign-ins");
    }
    let body = json!({ "email": ALICE, "password": "wrong" });
    for _ in 0..50 {
        let mut browser = app.browser();
        let request = browser.request(Method::POST, "/api/v1/auth/login");
        let request = request.json(&body).header("x-forwarded-for", HERE);
        assert_eq!(refused(&browser.send(request).await), "sign-ins");
    }
    let elsewhere = get(&app.browser(), ELSEWHERE, "/auth/login").await;
    assert_eq!(elsewhere.status, 302, "{}", elsewhere.body);
    // From many addresses all of them are.
    let many = async |count| {
        let address = format!("203.0.113.{count}");
        get(&app.browser(), &address, "/auth/login").await
    };
    assert!((5..60).contains(&granted(100, many).await));
}

/// Every way to begin one, and every way to try an account, counts as one.
#[tokio::test]
async fn sign_ins_of_all_kinds_are_counted_together() {
    let app = limited(NONE).settings(few_sign_ins).start().await;
    let pair = tokens(&app, ALICE).await;
    let post = async |path: &str, body: Value| {
        let mut browser = app.browser();
        let request = browser.request(Method::POST, path).json(&body);
        let request = request.header("x-l42-csrf", "1");
        browser.send(request.header("x-forwarded-for", HERE)).await
    };
    let api = |path: &str| format!("/api/v1/auth/{path}");
    let calls = [
        ("/auth/session".to_owned(), pair),
        (api("login"), json!({ "email": ALICE, "password": "wrong" })),
        (
            api("request-otp"),
            json!({ "email": "a@example.com", "purpose": "password_reset" }),
        ),
        (
            api("verify-otp"),
            json!({ "email": "b@example.com", "code": "123456", "purpose": "email_verification" }),
        ),
        (
            api("register"),
            json!({
                "email": "c@example.com", "password": "Passw0rd!", "first_name": "C",
                "last_name": "C", "accept_terms": true,
            }),
        ),
    ];
    for (path, body) in &calls {
        let answer = post(path, body.clone()).await;
        assert_ne!(answer.status, 429, "{path} {}", answer.body);
    }
    let login = get(&app.browser(), HERE, "/auth/login").await;
    assert_eq!(login.status, 302);
    let before = app.calls("SignUp").await;
    for (path, body) in calls {
        assert_eq!(refused(&post(&path, body).await), "sign-ins", "{path}");
    }
    assert_eq!(app.calls("SignUp").await, before);
    // A person is shown a page.
    let mut browser = app.browser();
    for family in FAMILIES {
        let request = browser.request(Method::GET, family.login);
        let request = request.header("sec-fetch-mode", "navigate");
        let answer = browser.send(request.header("x-forwarded-for", HERE)).await;
        family.assert_refused(&answer, "too_many_requests");
    }
}

/// Redis itself is stopped: every server counts on by itself, and none without a limit.
#[tokio::test(flavor = "multi_thread")]
async fn t172_with_redis_down_sign_ins_and_codes_have_their_limits() {
    let builder = || {
        limited(NONE).store(StoreKind::Redis).settings(|it| {
            it.sign_ins.each = Quota::new(40, 600);
            it.accounts.step = Duration::ZERO;
        })
    };
    let app = builder().start().await;
    app.local("settings", json!({ "limits": { "lockout": false } }))
        .await;
    app.stop_redis();
    let post = async |from: &str, path: &str, body: Value| {
        let mut browser = app.browser();
        let request = browser.request(Method::POST, path).json(&body);
        browser.send(request.header("x-forwarded-for", from)).await
    };
    let guess = async |_| {
        let body = json!({ "email": ALICE, "password": "Wr0ng-Passw0rd" });
        post(HERE, "/api/v1/auth/login", body).await
    };
    assert_eq!(granted(60, guess).await, 10);
    let code = async |_| {
        let body = json!({ "email": ALICE, "purpose": "password_reset" });
        post(HERE, "/api/v1/auth/request-otp", body).await
    };
    assert_eq!(granted(60, code).await, 3);
    // Nobody is locked out by that.
    let body = json!({ "email": ALICE, "password": "Passw0rd!" });
    let owner = post(ELSEWHERE, "/api/v1/auth/login", body).await;
    assert_eq!(owner.status, 200, "{}", owner.body);
    let start = async |_| get(&app.browser(), HERE, "/auth/login").await;
    assert_eq!(granted(60, start).await, 40 - 13);
    let start = get(&app.browser(), ELSEWHERE, "/auth/login").await;
    assert_eq!(start.status, 503, "there is no store for it");
}

/// A flood of refusals is no flood of lines in the trail.
#[tokio::test]
async fn a_limit_that_is_met_is_told_once_a_second() {
    let (log, _listening) = Log::listen();
    let app = limited(RateLimits {
        address: rate(3),
        ..NONE
    });
    let app = app.fake().start().await;
    for _ in 0..50 {
        get(&app.browser(), HERE, "/auth/me").await;
    }
    let told = log
        .text()
        .matches("too many requests of this address")
        .count();
    assert!((1..=10).contains(&told), "{told}");
}

/// Several requests at once do not get past.
#[tokio::test(flavor = "multi_thread")]
async fn requests_at_once_are_counted_one_by_one() {
    let app = limited(RateLimits {
        address: rate(50),
        ..NONE
    });
    let app = app.fake().start().await;
    let stranger = app.browser();
    let asked = (0..200).map(|_| get(&stranger, HERE, "/auth/me"));
    let answers = futures_util::future::join_all(asked).await;
    let answered = answers.iter().filter(|it| it.status == 401).count();
    assert!((50..70).contains(&answered), "{answered}");
}
