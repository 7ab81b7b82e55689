// The classic routes over a real connection, on the real plugins.
#include "api/health_routes.hpp"
#include "api/openapi_route.hpp"
#include "api/put_route.hpp"
#include "api/share_routes.hpp"
#include "api/upload_routes.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"
#include "shares/janitor.hpp"
#include "support/http_rig.hpp"
#include "support/node.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <map>

namespace ferry::api {
namespace {

using Answer = test::RawClient::Answer;
using Fields = std::vector<std::pair<std::string, std::string>>;

const Fields kTus{{"Tus-Resumable", "1.0.0"}};
const Fields kPatch{{"Tus-Resumable", "1.0.0"},
                    {"Content-Type", "application/offset+octet-stream"}};

Fields with(Fields fields, std::string name, std::string value) {
  fields.emplace_back(std::move(name), std::move(value));
  return fields;
}

class ClassicRoutes : public ::testing::Test {
 protected:
  ClassicRoutes()
      : admission(node.limiter(), policies(), Secret(std::string(32, 'k')), false, node.log(),
                  node.metrics()),
        uploads(node.storage(), node.blobs(), upload_settings(), node.log(), node.metrics()),
        shares(node.storage(), uploads, {}, node.log(), node.metrics(), [] {}) {
    add_upload_routes(rig.router, uploads, admission);
    add_share_routes(rig.router, shares, node.blobs(), admission, node.log(), node.metrics());
    add_put_route(rig.router, uploads, shares, admission);
    add_openapi_route(rig.router);
    add_health_routes(
        rig.router,
        {HealthCheck("storage",
                     [this]() -> Awaitable<Result<void>> {
                       ++pings;
                       co_return broken ? Result<void>(Error(Errc::unavailable)) : Result<void>();
                     })},
        [this] { return draining.load(); }, node.log());
    rig.start();
  }

  static std::map<std::string, RatePolicy> policies() {
    std::map<std::string, RatePolicy> out;
    out.emplace("share_create", RatePolicy("share_create", 1, std::chrono::hours(1), 3));
    return out;
  }

  static shares::UploadSettings upload_settings() {
    shares::UploadSettings s;
    s.max_bytes = 100'000;
    return s;
  }

  Answer ask(const std::string& method, const std::string& target, const Fields& fields = {},
             std::optional<std::string> body = {}) {
    test::RawClient client(rig.port);
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: files.example\r\n";
    for (const auto& [name, value] : fields) {
      text += name + ": " + value + "\r\n";
    }
    if (body) {
      text += "Content-Length: " + std::to_string(body->size()) + "\r\n";
    }
    return client.ask(text + "\r\n" + body.value_or(""), method == "HEAD");
  }

  static json::object object(const Answer& answer) {
    auto parsed = json::parse_object(answer.body);
    EXPECT_TRUE(parsed) << answer.body;
    return parsed ? *parsed : json::object();
  }
  static std::string problem(const Answer& answer) {
    const auto type = json::string_member(object(answer), "type").value_or("");
    return type.substr(type.rfind(':') + 1);
  }

  Answer create(const std::string& length) {
    return ask("POST", "/api/uploads", with(kTus, "Upload-Length", length), "");
  }
  Answer patch(const std::string& location, std::uint64_t offset, const std::string& body) {
    return ask("PATCH", location, with(kPatch, "Upload-Offset", std::to_string(offset)), body);
  }

  /// An entry of `files` for a new upload with this content.
  json::object stored(const std::string& bytes, const std::string& name) {
    const auto created = create(std::to_string(bytes.size()));
    const auto location = created.field("Location");
    if (!bytes.empty()) {
      EXPECT_EQ(patch(location, 0, bytes).status, 204U);
    }
    return {{"upload", location.substr(location.rfind('/') + 1)},
            {"token", created.field("Upload-Token")},
            {"name", name},
            {"type", "text/plain"}};
  }
  Answer post_json(const std::string& target, const json::value& body, const Fields& fields = {}) {
    return ask("POST", target, with(fields, "Content-Type", "application/json"),
               json::serialize(body));
  }

  test::Node node;
  std::atomic<int> pings{0};
  std::atomic<bool> broken{false};
  std::atomic<bool> draining{false};
  Admission admission;
  shares::UploadService uploads;
  shares::ShareService shares;
  test::HttpRig rig;  // last: its connections end before what they use
};

TEST_F(ClassicRoutes, OptionsDescribeTheProtocolWithoutAVersion) {
  for (const auto* target : {"/api/uploads", "/api/uploads/0123456789abcdef0123456789abcdef"}) {
    const auto answer = ask("OPTIONS", target);
    EXPECT_EQ(answer.status, 204U);
    EXPECT_EQ(answer.field("Tus-Version"), "1.0.0");
    EXPECT_EQ(answer.field("Tus-Max-Size"), "100000");
    EXPECT_EQ(answer.field("Tus-Extension"),
              "creation,creation-with-upload,creation-defer-length,expiration,termination");
  }
}

TEST_F(ClassicRoutes, EveryTusAnswerNamesTheVersionAndIsNotStored) {
  const auto id = "/api/uploads/" + std::string(32, '0');
  for (const auto& answer :
       {create("10"), create("ten"), ask("HEAD", id, kTus), ask("DELETE", id, kTus),
        ask("PATCH", id, {}, ""), ask("POST", id, kTus, ""), ask("HEAD", "/api/uploads/x", kTus)}) {
    EXPECT_EQ(answer.field("Tus-Resumable"), "1.0.0") << answer.head;
    EXPECT_EQ(answer.field("Cache-Control"), "no-store") << answer.head;
  }
}

TEST_F(ClassicRoutes, UploadsGoOnWhereTheyStopped) {
  const auto created = create("10");
  ASSERT_EQ(created.status, 201U);
  const auto location = created.field("Location");
  ASSERT_EQ(location.substr(0, 13), "/api/uploads/");
  EXPECT_EQ(created.field("Upload-Offset"), "0");
  EXPECT_FALSE(created.field("Upload-Expires").empty());
  EXPECT_EQ(created.field("Upload-Token").size(), 43U);

  auto answer = patch(location, 0, "01234");
  EXPECT_EQ(answer.status, 204U);
  EXPECT_EQ(answer.field("Upload-Offset"), "5");
  answer = patch(location, 3, "34567");
  EXPECT_EQ(answer.status, 409U);
  EXPECT_EQ(problem(answer), "mismatching-upload-offset");
  EXPECT_EQ(json::integer_member(object(answer), "expected_offset"), 5);
  EXPECT_EQ(json::integer_member(object(answer), "provided_offset"), 3);
  const auto head = ask("HEAD", location, kTus);
  EXPECT_EQ(head.status, 200U);
  EXPECT_EQ(head.field("Upload-Offset"), "5");
  EXPECT_EQ(head.field("Upload-Length"), "10");
  answer =
      ask("POST", location,
          with(with(kPatch, "Upload-Offset", "5"), "X-HTTP-Method-Override", "PATCH"), "56789");
  EXPECT_EQ(answer.status, 204U);
  EXPECT_EQ(answer.field("Upload-Offset"), "10");
}

TEST_F(ClassicRoutes, ACreationMayCarryBytes) {
  const auto created =
      ask("POST", "/api/uploads",
          with(with(kPatch, "Upload-Length", "5"), "Upload-Metadata", "filename YQ=="), "hello");
  EXPECT_EQ(created.status, 201U);
  EXPECT_EQ(created.field("Upload-Offset"), "5");
  const auto head = ask("HEAD", created.field("Location"), kTus);
  EXPECT_EQ(head.field("Upload-Metadata"), "filename YQ==");
  EXPECT_EQ(ask("POST", "/api/uploads", with(kTus, "Upload-Length", "5"), "hello").status, 415U);
  EXPECT_EQ(ask("POST", "/api/uploads", with(kPatch, "Upload-Length", "4"), "hello").status, 400U);
}

TEST_F(ClassicRoutes, ALengthMayComeLater) {
  const auto created = ask("POST", "/api/uploads", with(kTus, "Upload-Defer-Length", "1"), "");
  ASSERT_EQ(created.status, 201U);
  const auto location = created.field("Location");
  EXPECT_EQ(ask("HEAD", location, kTus).field("Upload-Defer-Length"), "1");
  const auto done =
      ask("PATCH", location, with(with(kPatch, "Upload-Offset", "0"), "Upload-Length", "3"), "abc");
  EXPECT_EQ(done.status, 204U);
  EXPECT_EQ(ask("HEAD", location, kTus).field("Upload-Length"), "3");
}

TEST_F(ClassicRoutes, RefusesWhatTusForbids) {
  const auto location = create("10").field("Location");
  auto answer = ask("HEAD", location, {{"Tus-Resumable", "0.2.2"}});
  EXPECT_EQ(answer.status, 412U);
  EXPECT_EQ(answer.field("Tus-Version"), "1.0.0");
  EXPECT_EQ(ask("HEAD", location).status, 412U);
  answer = create("100001");
  EXPECT_EQ(answer.status, 413U);
  EXPECT_EQ(answer.field("Tus-Max-Size"), "100000");
  EXPECT_EQ(ask("PATCH", location, with(kTus, "Upload-Offset", "0"), "x").status, 415U);
  EXPECT_EQ(ask("PATCH", location, kPatch, "x").status, 400U);
  EXPECT_EQ(ask("PATCH", location, with(kPatch, "Upload-Offset", "-1"), "x").status, 400U);
  EXPECT_EQ(ask("POST", "/api/uploads", kTus, "").status, 400U);
  answer = ask("POST", location, kTus, "");
  EXPECT_EQ(answer.status, 405U);
  EXPECT_FALSE(answer.field("Allow").empty());
}

TEST_F(ClassicRoutes, TerminationEndsAnUpload) {
  const auto location = create("10").field("Location");
  EXPECT_EQ(ask("DELETE", location, kTus).status, 204U);
  EXPECT_EQ(ask("HEAD", location, kTus).status, 404U);
}

TEST_F(ClassicRoutes, SharesTellWhatIsInThem) {
  auto first = stored("hello", "folder/a.txt");
  first["sha256"] = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
  auto second = stored("", "empty");
  second["sha256"] = nullptr;
  const auto made = post_json("/api/shares", {{"files", {first, second}}, {"expires_in", 60}});
  ASSERT_EQ(made.status, 201U) << made.body;
  EXPECT_FALSE(made.field("RateLimit").empty());
  const auto ticket = object(made);
  const auto id = *json::string_member(ticket, "id");
  EXPECT_EQ(json::string_member(ticket, "url"), "/s/" + id);
  EXPECT_EQ(json::string_member(ticket, "state"), "ready");

  const auto manifest = object(ask("GET", "/api/shares/" + id));
  EXPECT_EQ(json::integer_member(manifest, "size"), 5);
  const auto& file = manifest.at("files").as_array().at(0).as_object();
  EXPECT_EQ(json::string_member(file, "name"), "folder/a.txt");
  EXPECT_EQ(json::integer_member(file, "index"), 0);
  EXPECT_EQ(file.at("sha256"), first["sha256"]);
  EXPECT_TRUE(manifest.at("files").at(1).at("sha256").is_null());

  const auto url = *json::string_member(file, "url");
  const auto whole = ask("GET", url);
  EXPECT_EQ(whole.status, 200U);
  EXPECT_EQ(whole.body, "hello");
  EXPECT_EQ(whole.field("Repr-Digest"), "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:");
  EXPECT_EQ(whole.field("Content-Type"), "text/plain");
  EXPECT_EQ(whole.field("Accept-Ranges"), "bytes");
  const auto part = ask("GET", url, {{"Range", "bytes=1-3"}, {"If-Range", whole.field("ETag")}});
  EXPECT_EQ(part.status, 206U);
  EXPECT_EQ(part.body, "ell");
  EXPECT_EQ(ask("GET", url, {{"If-None-Match", whole.field("ETag")}}).status, 304U);
  EXPECT_EQ(ask("GET", url, {{"Range", "bytes=5-"}}).status, 416U);
  EXPECT_EQ(ask("HEAD", url).field("Content-Length"), "5");
  EXPECT_EQ(ask("GET", "/s/" + id + "/folder/a.txt").body, "hello");
  EXPECT_EQ(ask("GET", "/s/" + id + "/folder%2Fa.txt").body, "hello");
  for (const auto* wrong : {"2", "-1", "00x", "99999999999999999999"}) {
    EXPECT_EQ(ask("GET", "/api/shares/" + id + "/files/" + wrong).status, 404U) << wrong;
  }

  const auto target = "/api/shares/" + id;
  EXPECT_EQ(ask("DELETE", target).status, 401U);
  const auto owner = *json::string_member(ticket, "owner_token");
  EXPECT_EQ(ask("DELETE", target, {{"Authorization", "Bearer " + owner}}).status, 204U);
  EXPECT_EQ(ask("GET", target).status, 410U);
  EXPECT_EQ(ask("GET", url).status, 410U);
}

TEST_F(ClassicRoutes, OpenSharesAreCompletedByTheirOwner) {
  const auto ticket = object(ask("POST", "/api/shares", {}, ""));
  EXPECT_EQ(json::string_member(ticket, "state"), "open");
  const auto target = "/api/shares/" + *json::string_member(ticket, "id");
  const json::value body{{"files", json::array{stored("x", "x")}}};
  EXPECT_EQ(post_json(target + "/complete", body).status, 401U);
  const Fields owner{{"Authorization", "Bearer " + *json::string_member(ticket, "owner_token")}};
  EXPECT_EQ(post_json(target + "/complete", json::object(), owner).status, 400U);
  EXPECT_EQ(post_json(target + "/complete", body, owner).status, 200U);
  EXPECT_EQ(post_json(target + "/complete", body, owner).status, 200U);
  EXPECT_EQ(json::string_member(object(ask("GET", target)), "state"), "ready");
}

TEST_F(ClassicRoutes, RefusesShareRequestsInWords) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({"files": 1})", "files must be an array"},
      {R"({"files": [1]})", "files[0] must be an object"},
      {R"({"expires_in": "soon"})", "expires_in must be a whole number of seconds"},
  };
  for (const auto& [body, detail] : cases) {
    const auto answer = ask("POST", "/api/shares", {}, body);
    EXPECT_EQ(answer.status, 400U);
    EXPECT_EQ(json::string_member(object(answer), "detail"), detail);
  }
  // The burst of the policy was three.
  const auto limited = ask("POST", "/api/shares", {}, "{}");
  EXPECT_EQ(limited.status, 429U);
  EXPECT_FALSE(limited.field("Retry-After").empty());
}

TEST_F(ClassicRoutes, PutAnswersALink) {
  const auto answer =
      ask("PUT", "/r%C3%A9sum%C3%A9%201.txt", {{"Content-Type", "text/plain"}}, "hello");
  ASSERT_EQ(answer.status, 201U) << answer.body;
  const auto link = answer.field("Location");
  EXPECT_EQ(answer.body, link + "\n");
  const std::string origin = "http://files.example";
  ASSERT_TRUE(link.starts_with(origin + "/s/"));
  EXPECT_TRUE(link.ends_with("/r%C3%A9sum%C3%A9%201.txt"));
  EXPECT_EQ(ask("GET", link.substr(origin.size())).body, "hello");
}

TEST_F(ClassicRoutes, PutTakesABodyOfUnknownLength) {
  test::RawClient client(rig.port);
  const auto answer = client.ask(
      "PUT /stdin HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n6\r\n there\r\n0\r\n\r\n");
  ASSERT_EQ(answer.status, 201U) << answer.body;
  EXPECT_EQ(ask("GET", answer.field("Location").substr(8)).body, "hello there");
}

TEST_F(ClassicRoutes, PutRefusesPartsAndWhatIsTooLarge) {
  EXPECT_EQ(ask("PUT", "/x", {{"Content-Range", "bytes 0-1/5"}}, "he").status, 400U);
  EXPECT_EQ(ask("PUT", "/x", {}, std::string(100'001, 'x')).status, 413U);
  EXPECT_EQ(node.dir().files("blobs/up"), 0U);
}

TEST_F(ClassicRoutes, PutKeepsNothingOfABrokenConnection) {
  {
    test::RawClient client(rig.port);
    client.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (node.dir().files("blobs/up") == 0 && std::chrono::steady_clock::now() < give_up) {
      std::this_thread::yield();
    }
    EXPECT_GT(node.dir().files("blobs/up"), 0U);
  }
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (node.dir().files("blobs/up") > 0 && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::yield();
  }
  EXPECT_EQ(node.dir().files("blobs/up"), 0U);
}

TEST_F(ClassicRoutes, ReadinessNamesWhatFailsAndIsKeptForAMoment) {
  EXPECT_EQ(ask("GET", "/livez").status, 200U);
  auto answer = ask("GET", "/readyz");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, R"({"status":"ready","checks":{"storage":"ok"}})");
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  broken = true;
  int probes = 0;
  while (answer.status == 200 && std::chrono::steady_clock::now() < give_up) {
    answer = ask("GET", "/readyz");
    ++probes;
  }
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.body, R"({"status":"not-ready","checks":{"storage":"unavailable"}})");
  EXPECT_LE(pings, probes + 1);
  draining = true;
  answer = ask("GET", "/readyz");
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.body, R"({"status":"draining","checks":{}})");
  EXPECT_EQ(ask("GET", "/livez").status, 200U);
}

TEST_F(ClassicRoutes, TheDescriptionIsServed) {
  const auto answer = ask("GET", "/api/openapi.yaml");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_TRUE(answer.body.starts_with("openapi: 3.1.0\n"));
  for (const auto* path : {"/api/transfer/create", "/api/uploads/{id}", "/s/{id}/{name}"}) {
    EXPECT_NE(answer.body.find(std::string("\n  ") + path + ":\n"), std::string::npos) << path;
  }
}

}  // namespace
}  // namespace ferry::api
