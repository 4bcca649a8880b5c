#include "gateway/http/json.h"
#include "gateway/import/flat_row.h"
#include "gateway/import/person_json.h"
#include "gateway/import/row_builder.h"
#include "gateway/import/row_source.h"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <array>

namespace fieldgate::importing {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kParseBufferBytes = 8UL * 1024;

class NdjsonSource final : public RowSource {
 public:
  NdjsonSource(const policy::PolicySet& policy, const Mapping* mapping, ImportDefaults defaults,
               RowSink& sink)
      : policy_(policy),
        mapped_(mapping != nullptr),
        defaults_(std::move(defaults)),
        sink_(sink),
        mapping_(mapping != nullptr ? *mapping
                                    : mapping_by_name(policy, names_without_mapping(policy))),
        known_(mapping != nullptr ? columns_of(*mapping) : names_without_mapping(policy)) {}

  Result<void> feed(std::string_view piece) override {
    while (!piece.empty()) {
      const std::size_t end = piece.find('\n');
      if (end == std::string_view::npos) {
        hold(piece);
        return ok();
      }
      if (held_.empty() && !too_long_) {
        FIELDGATE_CHECK_OK(read_line(piece.substr(0, end)));
      } else {
        hold(piece.substr(0, end));
        FIELDGATE_CHECK_OK(read_line(held_));
        held_.clear();
      }
      piece.remove_prefix(end + 1);
    }
    return ok();
  }

  Result<void> finish() override {
    if (held_.empty() && !too_long_) {
      return ok();
    }
    FIELDGATE_CHECK_OK(read_line(held_));
    held_.clear();
    return ok();
  }

 private:
  // Keeps a part of a line, up to the limit: what is beyond it is never kept.
  void hold(std::string_view part) {
    too_long_ = too_long_ || held_.size() + part.size() > kMaxRowBytes;
    if (too_long_) {
      held_.clear();
    } else {
      held_.append(part);
    }
  }

  Result<void> read_line(std::string_view line) {
    ++line_;
    if (std::exchange(too_long_, false) || line.size() > kMaxRowBytes) {
      sink_.on_error(
          {line_, {}, "the line is longer than " + std::to_string(kMaxRowBytes) + " bytes"});
      return ok();
    }
    if (line_ == 1 && line.starts_with(kByteOrderMark)) {
      line.remove_prefix(kByteOrderMark.size());
    }
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
      return ok();
    }
    boost::json::monotonic_resource memory(buffer_.data(), buffer_.size());
    const auto value = http::parse_json(line, &memory);
    if (value.has_error()) {
      sink_.on_error({line_, {}, value.error().message});
      return ok();
    }
    return read_value(*value);
  }

  Result<void> read_value(const boost::json::value& value) {
    const auto* object = value.if_object();
    if (object == nullptr) {
      sink_.on_error({line_, {}, "the line is not a JSON object"});
      return ok();
    }
    RowError error;
    std::optional<PersonRow> row;
    if (!mapped_ && (object->contains("identifiers") || object->contains("fields"))) {
      row = read_person_json(policy_, defaults_, value, line_, error);
    } else {
      row = read_flat(*object, error);
    }
    if (!row) {
      sink_.on_error(std::move(error));
      return ok();
    }
    return sink_.on_row(std::move(*row));
  }

  std::optional<PersonRow> read_flat(const boost::json::object& object, RowError& error) {
    RowBuilder builder(policy_, defaults_, line_);
    for (const auto& member : object) {
      if (builder.has_told_enough()) {
        break;
      }
      const std::string name(member.key());
      if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
        const std::string near = nearest_word(name, known_);
        builder.fault(quoted_name(name).empty() ? std::string() : name,
                      "unknown member" + quoted_name(name) +
                          (near.empty() ? "" : "; did you mean `" + near + "`"));
      }
    }
    read_flat_row(builder, policy_, mapping_, defaults_,
                  [&](const std::string& column) { return Cell{{}, object.if_contains(column)}; });
    auto row = builder.finish(error);
    if (row) {
      for (const RowError& note : builder.dropped()) {
        sink_.on_dropped(note);
      }
    }
    return row;
  }

  const policy::PolicySet& policy_;
  const bool mapped_;
  const ImportDefaults defaults_;
  RowSink& sink_;
  const Mapping mapping_;
  const std::vector<std::string> known_;
  std::array<unsigned char, kParseBufferBytes> buffer_{};
  std::string held_;  // the part of a line that has come so far
  bool too_long_ = false;
  std::size_t line_ = 0;
};

}  // namespace

std::unique_ptr<RowSource> make_ndjson_source(const policy::PolicySet& policy,
                                              const Mapping* mapping, ImportDefaults defaults,
                                              RowSink& sink) {
  return std::make_unique<NdjsonSource>(policy, mapping, std::move(defaults), sink);
}

}  // namespace fieldgate::importing
