// TLS listeners: versions, ALPN, certificates that change, peers that misbehave.
#include "harness.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace fieldgate::edge_test {
namespace {

namespace fs = std::filesystem;

/// A directory with a certificate for `common_name`, signed by itself.
class Certificate {
 public:
  explicit Certificate(const std::string& common_name) {
    std::string pattern = (fs::temp_directory_path() / "fieldgate-tls-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    make(common_name);
  }
  ~Certificate() { fs::remove_all(directory_); }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  [[nodiscard]] server::TlsFiles files() const {
    return {directory_ / "chain.pem", directory_ / "key.pem"};
  }

  void make(const std::string& common_name) {
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* const name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                               0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
    std::FILE* const chain = std::fopen(files().certificate_chain.c_str(), "w");
    PEM_write_X509(chain, certificate);
    std::fclose(chain);
    std::FILE* const secret = std::fopen(files().private_key.c_str(), "w");
    ::chmod(files().private_key.c_str(), 0600);
    PEM_write_PrivateKey(secret, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(secret);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

 private:
  fs::path directory_;
};

class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port, const std::function<void(SSL_CTX*)>& adjust = {})
      : client_(port), context_(SSL_CTX_new(TLS_client_method())) {
    if (adjust) {
      adjust(context_);
    }
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, client_.descriptor());
    connected_ = SSL_connect(ssl_) == 1;
  }
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] SSL* ssl() { return ssl_; }
  [[nodiscard]] std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  [[nodiscard]] std::string common_name() {
    X509* const certificate = SSL_get1_peer_certificate(ssl_);
    char name[64] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof name);
    X509_free(certificate);
    return name;
  }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const int sent = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
      if (sent <= 0) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  Answer read_answer() {
    Answer answer;
    std::size_t end = std::string::npos;
    while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) {
        return answer;
      }
    }
    answer.head = pending_.substr(0, end + 2);
    pending_.erase(0, end + 4);
    const auto size = static_cast<std::size_t>(std::atoll(answer.field("content-length").c_str()));
    while (pending_.size() < size && receive()) {
    }
    answer.body = pending_.substr(0, size);
    pending_.erase(0, size);
    answer.status = static_cast<unsigned>(std::atoi(answer.head.c_str() + 9));
    return answer;
  }
  /// Whether the server says goodbye in the TLS way.
  bool wait_close_notify() {
    while (receive()) {
    }
    return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0;
  }

 private:
  bool receive() {
    char buffer[16384];
    const int got = SSL_read(ssl_, buffer, sizeof buffer);
    if (got <= 0) {
      return false;
    }
    pending_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  Client client_;
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
  bool connected_ = false;
  std::string pending_;
};

TestServer tls_server(const Certificate& certificate, server::Limits limits = {},
                      std::shared_ptr<http::Router> router = make_router()) {
  return TestServer(std::move(router), limits, [&](server::ServerOptions& options) {
    options.listeners[0].tls = certificate.files();
    options.listeners[0].address = "0.0.0.0";
  });
}

TEST(Tls, ServesOverBothVersions) {
  const Certificate certificate("one");
  auto server = tls_server(certificate);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(server.port(), [&](SSL_CTX* context) {
      SSL_CTX_set_min_proto_version(context, version);
      SSL_CTX_set_max_proto_version(context, version);
    });
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(SSL_version(client.ssl()), version);
    ASSERT_TRUE(client.send(get("/") + post("/echo", "tls")));
    const Answer answer = client.read_answer();
    EXPECT_EQ(answer.status, 200U);
    EXPECT_NE(answer.field("strict-transport-security").find("max-age="), std::string::npos);
    EXPECT_EQ(client.read_answer().body, "tls");
    ASSERT_TRUE(client.send(get("/", "Connection: close\r\n")));
    EXPECT_EQ(client.read_answer().status, 200U);
    EXPECT_TRUE(client.wait_close_notify());
    EXPECT_FALSE(SSL_SESSION_has_ticket(SSL_get0_session(client.ssl())));
  }
}

TEST(Tls, RefusesOldVersionsAndWeakSuites) {
  const Certificate certificate("one");
  auto server = tls_server(certificate);
  TlsClient old(server.port(), [](SSL_CTX* context) {
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
  });
  EXPECT_FALSE(old.connected());
  TlsClient weak(server.port(), [](SSL_CTX* context) {
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, "ECDHE-ECDSA-AES128-SHA:AES128-SHA");
  });
  EXPECT_FALSE(weak.connected());
}

TEST(Tls, Alpn) {
  const Certificate certificate("one");
  auto server = tls_server(certificate);
  const auto offering = [](std::string_view protocols) {
    return [protocols](SSL_CTX* context) {
      SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(protocols.data()),
                              static_cast<unsigned>(protocols.size()));
    };
  };
  TlsClient both(server.port(), offering("\x02h2\x08http/1.1"));
  ASSERT_TRUE(both.connected());
  EXPECT_EQ(both.protocol(), "http/1.1");
  TlsClient newer(server.port(), offering("\x02h2"));
  EXPECT_FALSE(newer.connected()) << "a protocol that we do not speak";
}

TEST(Tls, LargeBodiesBothWays) {
  const Certificate certificate("one");
  auto server = tls_server(certificate);
  TlsClient client(server.port());
  ASSERT_TRUE(client.connected());
  std::string body(1'000'000, 'a');
  for (std::size_t i = 0; i < body.size(); i += 777) {
    body[i] = static_cast<char>('a' + i % 26);
  }
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send(post("/echo", body)));
    EXPECT_TRUE(client.read_answer().body == body);
  }
}

TEST(Tls, ReloadTakesTheNewCertificateAndKeepsTheOldOnAnError) {
  Certificate certificate("before");
  auto server = tls_server(certificate);
  TlsClient first(server.port());
  ASSERT_TRUE(first.connected());
  EXPECT_EQ(first.common_name(), "before");

  certificate.make("after");
  ASSERT_FALSE(server.server().reload_tls().has_error());
  TlsClient second(server.port());
  EXPECT_EQ(second.common_name(), "after");
  ASSERT_TRUE(first.send(get("/")));
  EXPECT_EQ(first.read_answer().status, 200U) << "open connections go on";

  std::ofstream(certificate.files().certificate_chain) << "no certificate";
  const auto broken = server.server().reload_tls();
  ASSERT_TRUE(broken.has_error());
  EXPECT_NE(broken.error().message.find("certificate chain"), std::string::npos);
  TlsClient third(server.port());
  EXPECT_EQ(third.common_name(), "after");

  certificate.make("open");
  fs::permissions(certificate.files().private_key, fs::perms::group_read, fs::perm_options::add);
  EXPECT_TRUE(server.server().reload_tls().has_error()) << "others can read the key";
  Certificate other("other");
  fs::copy_file(other.files().private_key, certificate.files().private_key,
                fs::copy_options::overwrite_existing);
  fs::permissions(certificate.files().private_key, fs::perms::owner_read);
  EXPECT_TRUE(server.server().reload_tls().has_error()) << "a key of another certificate";
}

TEST(Tls, ReloadTriesEveryListenerAndNamesEachThatKeepsItsOldCertificate) {
  Certificate certificates[3] = {Certificate("a1"), Certificate("b1"), Certificate("c1")};
  TestServer server(make_router(), {}, [&](server::ServerOptions& options) {
    options.listeners[0].name = "apps";
    options.listeners[0].tls = certificates[0].files();
    for (const std::size_t i : {1U, 2U}) {
      options.listeners.push_back(options.listeners[0]);
      options.listeners[i].name = i == 1 ? "legal" : "officer";
      options.listeners[i].tls = certificates[i].files();
    }
  });
  const auto names = [&] {
    std::string all;
    for (const std::size_t i : {0U, 1U, 2U}) {
      all += TlsClient(server.server().port(i)).common_name() + ' ';
    }
    return all;
  };
  ASSERT_EQ(names(), "a1 b1 c1 ");
  std::ofstream(certificates[0].files().certificate_chain) << "no certificate";
  certificates[1].make("b2");
  certificates[2].make("c2");
  const auto first = server.server().reload_tls();
  ASSERT_TRUE(first.has_error());
  EXPECT_NE(first.error().message.find("listener `apps`: "), std::string::npos);
  EXPECT_EQ(first.error().message.find("`legal`"), std::string::npos) << first.error().message;
  EXPECT_EQ(names(), "a1 b2 c2 ");

  std::ofstream(certificates[2].files().certificate_chain) << "no certificate";
  certificates[1].make("b3");
  const auto both = server.server().reload_tls();
  ASSERT_TRUE(both.has_error());
  EXPECT_NE(both.error().message.find("listener `apps`: "), std::string::npos);
  EXPECT_NE(both.error().message.find("; listener `officer`: "), std::string::npos);
  EXPECT_EQ(names(), "a1 b3 c2 ");
  certificates[0].make("a4");
  certificates[2].make("c4");
  EXPECT_FALSE(server.server().reload_tls().has_error());
  EXPECT_EQ(names(), "a4 b3 c4 ");
}

TEST(Tls, GarbageAndPlainHttpAreClosed) {
  const Certificate certificate("one");
  auto server = tls_server(certificate);
  for (const std::string& bytes : {get("/"), std::string(500, '\xA0'), std::string(3, '\0')}) {
    Client client(server.port());
    client.send(bytes);
    client.end_sending();
    EXPECT_TRUE(client.wait_closed());
    EXPECT_EQ(client.read_all().find("HTTP/"), std::string::npos);
  }
  EXPECT_EQ(server.counters().requests, 0U);
}

TEST(Tls, SlowHandshakeIsCut) {
  const Certificate certificate("one");
  server::Limits limits;
  limits.tls_handshake = 200ms;
  auto server = tls_server(certificate, limits);
  Client silent(server.port());
  Client partial(server.port());
  ASSERT_TRUE(partial.send(std::string_view("\x16\x03\x01\x02\x00\x01", 6)));
  EXPECT_TRUE(silent.wait_closed());
  EXPECT_TRUE(partial.wait_closed());
  EXPECT_EQ(server.counters().deadline_cuts, 2U);
}

TEST(Tls, StreamsWithOctetsLeftInsideTls) {
  // One record holds much more than one read takes: what waits inside TLS must not be forgotten.
  const Certificate certificate("one");
  auto router = make_router();
  struct State {
    std::size_t total = 0;
    std::function<void(http::Exchange&)> next;
  };
  auto state = std::make_shared<State>();
  state->next = [raw = state.get()](http::Exchange& exchange) {
    exchange.read_body([raw, &exchange](Result<std::string_view> piece) {
      if (piece.has_error() || piece->empty()) {
        http::Response response;
        response.body = std::to_string(raw->total);
        exchange.answer(std::move(response));
        return;
      }
      raw->total += piece->size();
      exchange.loop().post([raw, &exchange] { raw->next(exchange); });
    });
  };
  router->add(
      http::Method::kPost, "/stream", http::AuthPolicy::no_auth("a test"),
      [state](http::Exchange& exchange) { state->next(exchange); }, http::BodyMode::kStream);
  server::Limits limits;
  limits.header_bytes = 512;
  auto server = tls_server(certificate, limits, router);
  TlsClient client(server.port());
  ASSERT_TRUE(client.connected());
  ASSERT_TRUE(client.send(post("/stream", std::string(5'000'000, 's'))));
  EXPECT_EQ(client.read_answer().body, "5000000");
}

TEST(Tls, BadFilesPreventTheStart) {
  const Certificate certificate("one");
  server::ServerOptions options;
  server::ListenerOptions listener;
  listener.name = "apps";
  listener.router = std::make_shared<http::Router>();
  listener.tls = certificate.files();
  listener.tls->private_key = "/nonexistent/key.pem";
  options.listeners.push_back(listener);
  const auto refused = server::Server::start(options);
  ASSERT_TRUE(refused.has_error());
  EXPECT_NE(refused.error().message.find("private key"), std::string::npos);
}

}  // namespace
}  // namespace fieldgate::edge_test
