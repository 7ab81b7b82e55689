// Any text gives a tree or problems; every problem has a text, and places lie inside the file.
#include "config/document.hpp"
#include "config/reference.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace ferry::config;

Schema rich_schema() {
  Schema inner;
  inner.fields.push_back(Field("host", Type::string, "A name.").required_());
  inner.fields.push_back(Field("size", Type::size, "A size.").default_("1MiB").range_(1, 1e9));
  Schema s;
  s.fields.push_back(Field("flag", Type::boolean, "A flag.").default_("true"));
  s.fields.push_back(Field("count", Type::integer, "A count.").range_(0, 9));
  s.fields.push_back(Field("ratio", Type::number, "A ratio."));
  s.fields.push_back(Field("wait", Type::duration, "A time.").default_("3s"));
  s.fields.push_back(Field("key", Type::secret, "A secret."));
  s.fields.push_back(Field("level", Type::string, "A choice.").one_of_({"low", "high"}));
  s.fields.push_back(Field("names", Type::list, "Names.").default_("[a, b]"));
  s.fields.push_back(Field("waits", Type::list, "Times.").element_(Type::duration));
  s.fields.push_back(Field("one", Type::object, "One.").children_(inner));
  s.fields.push_back(Field("many", Type::list, "Many.").children_(inner));
  s.fields.push_back(Field("options", Type::object, "Anything."));
  return s;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Schema schema = rich_schema();
  static const Sources sources{
      [](const std::string& name) -> std::optional<std::string> {
        return name == "SET" ? std::optional<std::string>("1s") : std::nullopt;
      },
      [](const std::string& path, std::string& why) -> std::optional<std::string> {
        why = "no such file";
        return path == "/key" ? std::optional<std::string>("secret\n") : std::nullopt;
      }};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Document document = Document::parse(text, "f.yaml", sources);
  const Section& root = document.check(schema);
  root.integer("count");
  root.duration("wait");
  root.strings("names");
  root.object("one").size("size");
  for (const View* one : root.objects("many")) {
    one->string("host");
  }
  document.check(root.raw("options"), schema, "options");
  for (const Problem& problem : document.problems()) {
    if (problem.text.empty() || problem.where.line < 0 ||
        problem.where.line > static_cast<int>(size) + 1) {
      std::abort();
    }
  }
  return 0;
}
