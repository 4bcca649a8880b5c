// Apps by fields as a picture that reads without its colours.
#include "policy/model/compiled_policy.h"
#include "policy/model/transforms.h"

#include <fieldgate/base/markup.h>
#include <fieldgate/policy/show.h>

#include <algorithm>
#include <map>

namespace fieldgate::policy {

namespace {

// Pixels. Widths of texts are reckoned from the number of their characters.
constexpr int kCellWidth = 68;
constexpr int kCellHeight = 34;
constexpr int kCharWidth = 8;
constexpr int kMargin = 16;
constexpr int kTitleHeight = 40;
constexpr int kLegendHeight = 70;

enum class Shade { kAll, kPart, kAlias };

struct Look {
  std::string_view word;
  Shade shade;
};

Look look_of(TransformKind kind) {
  switch (kind) {
    case TransformKind::kShow:
      return {"all", Shade::kAll};
    case TransformKind::kMaskLast4:
      return {"last 4", Shade::kPart};
    case TransformKind::kYear:
      return {"year", Shade::kPart};
    case TransformKind::kBand10:
      return {"decade", Shade::kPart};
    case TransformKind::kPrefix2:
      return {"first 2", Shade::kPart};
    case TransformKind::kCity:
      return {"city", Shade::kPart};
    case TransformKind::kCountry:
      return {"country", Shade::kPart};
    case TransformKind::kPseudonymise:
      return {"alias", Shade::kAlias};
    case TransformKind::kRound2:
      return {"rounded", Shade::kPart};
  }
  return {};
}

/// What one app may see of one field, over all its purposes.
struct Cell {
  std::vector<Transform> forms;  ///< those that no other one tells more than
  std::string purposes;          ///< for the tooltip
};

class Matrix {
 public:
  explicit Matrix(const CompiledPolicy& policy) : policy_(policy) {
    cells_.resize(policy.apps_.size());
    for (std::size_t app = 0; app < policy.apps_.size(); ++app) {
      for (const PurposeIndex purpose : policy.apps_[app].purposes) {
        if (policy.may_read(static_cast<AppIndex>(app), purpose)) {
          add(cells_[app], purpose);
        }
      }
    }
    std::size_t longest_app = 0;
    for (const App& app : policy.apps_) {
      longest_app = std::max(longest_app, app.name.size());
    }
    std::size_t longest_field = 0;
    for (const Field& field : policy.fields_) {
      longest_field = std::max(longest_field, field.name.size());
    }
    left_ = kMargin + static_cast<int>(longest_app) * kCharWidth + 12;
    // Names of fields are turned by 45 degrees: as high as they are wide.
    slope_ = static_cast<int>(longest_field) * kCharWidth * 7 / 10 + 10;
    top_ = kTitleHeight + slope_ + 10;
    width_ = left_ + columns() * kCellWidth + std::max(slope_ - kCellWidth / 2, kMargin);
    // The legend needs its room even when there are few fields.
    width_ = std::max(width_, 640);
    height_ = top_ + rows() * kCellHeight + kLegendHeight;
  }

  std::string draw() {
    const std::string title =
        "Policy " + xml_text(policy_.version_) + ": which app may see which field";
    out_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"title desc\"" +
           attribute("width", width_) + attribute("height", height_) + " viewBox=\"0 0 " +
           std::to_string(width_) + ' ' + std::to_string(height_) +
           "\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n<title id=\"title\">" +
           title + "</title>\n<desc id=\"desc\">" + xml_text(description()) + "</desc>\n" +
           "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
    text(kMargin, 26, title, " font-size=\"16\" font-weight=\"600\"", false);
    grid();
    for (std::size_t app = 0; app < cells_.size(); ++app) {
      for (const auto& [field, cell] : cells_[app]) {
        draw_cell(static_cast<int>(app), field, cell);
      }
    }
    legend();
    return out_ + "</svg>\n";
  }

 private:
  using Row = std::map<FieldIndex, Cell>;

  [[nodiscard]] int rows() const { return static_cast<int>(policy_.apps_.size()); }
  [[nodiscard]] int columns() const { return static_cast<int>(policy_.fields_.size()); }

  void add(Row& row, PurposeIndex purpose) {
    const Purpose& about = policy_.purposes_[purpose];
    for (const FieldRule& rule : policy_.purpose_rules_[purpose].rules) {
      Cell& cell = row[rule.field];
      cell.purposes += (cell.purposes.empty() ? "" : "; ") +
                       transform_sight(policy_, rule.transform) + " for " + about.name;
      if (!about.levels.empty() && rule.level > 0) {
        cell.purposes += " from level " + about.levels[rule.level].name;
      }
      const auto covers = [&](const Transform& form) {
        return form == rule.transform || is_finer(form, rule.transform);
      };
      if (std::any_of(cell.forms.begin(), cell.forms.end(), covers)) {
        continue;
      }
      std::erase_if(cell.forms,
                    [&](const Transform& form) { return is_finer(rule.transform, form); });
      cell.forms.push_back(rule.transform);
    }
  }

  [[nodiscard]] std::string description() const {
    std::string words;
    for (std::size_t app = 0; app < cells_.size(); ++app) {
      words += policy_.apps_[app].name + (cells_[app].empty() ? " sees nothing" : " may see ");
      bool first = true;
      for (const auto& [field, cell] : cells_[app]) {
        words += (first ? "" : ", ") + policy_.fields_[field].name + " (" + cell_words(cell) + ")";
        first = false;
      }
      words += ". ";
    }
    return words;
  }

  static std::string cell_words(const Cell& cell) {
    std::string words;
    for (const Transform& form : cell.forms) {
      const std::string_view word = look_of(form.kind).word;
      if (words.find(word) == std::string::npos) {
        words += (words.empty() ? "" : " + ") + std::string(word);
      }
    }
    return words;
  }

  static std::string attribute(std::string_view name, int value) {
    return ' ' + std::string(name) + "=\"" + std::to_string(value) + '"';
  }
  // `content` is escaped already.
  void text(int x, int y, const std::string& content, const std::string& more, bool centred) {
    out_ += "<text" + attribute("x", x) + attribute("y", y) +
            (centred ? " text-anchor=\"middle\"" : "") +
            (more.find("fill=") == std::string::npos ? " fill=\"#1a1a1a\"" : "") + more + '>' +
            content + "</text>\n";
  }
  void line(int x1, int y1, int x2, int y2) {
    out_ += "<line" + attribute("x1", x1) + attribute("y1", y1) + attribute("x2", x2) +
            attribute("y2", y2) + " stroke=\"#c8c8c8\"/>\n";
  }

  void grid() {
    const int right = left_ + columns() * kCellWidth;
    const int bottom = top_ + rows() * kCellHeight;
    for (int row = 0; row <= rows(); ++row) {
      line(kMargin, top_ + row * kCellHeight, right, top_ + row * kCellHeight);
    }
    for (int column = 0; column <= columns(); ++column) {
      line(left_ + column * kCellWidth, top_, left_ + column * kCellWidth, bottom);
    }
    for (int row = 0; row < rows(); ++row) {
      text(kMargin, top_ + row * kCellHeight + 22,
           xml_text(policy_.apps_[static_cast<std::size_t>(row)].name), "", false);
    }
    for (int column = 0; column < columns(); ++column) {
      const int x = left_ + column * kCellWidth + kCellWidth / 2;
      const Field& field = policy_.fields_[static_cast<std::size_t>(column)];
      text(x, top_ - 8, xml_text(field.name),
           " transform=\"rotate(-45 " + std::to_string(x) + ' ' + std::to_string(top_ - 8) + ")\"",
           false);
    }
  }

  void box(int x, int y, int width, Shade shade) {
    constexpr std::string_view kFills[] = {" fill=\"#1f5f8b\"", " fill=\"#cfe3f1\"",
                                           " fill=\"#fff3cf\" stroke=\"#8a6d00\""
                                           " stroke-dasharray=\"4 3\""};
    out_ += "<rect" + attribute("x", x) + attribute("y", y) + attribute("width", width) +
            attribute("height", kCellHeight - 6) + " rx=\"3\"" +
            std::string(kFills[static_cast<std::size_t>(shade)]) + "/>\n";
  }
  static std::string ink(Shade shade) {
    return shade == Shade::kAll ? " fill=\"#ffffff\" font-weight=\"600\"" : "";
  }

  void draw_cell(int row, int column, const Cell& cell) {
    const int x = left_ + column * kCellWidth;
    const int y = top_ + row * kCellHeight;
    Shade shade = Shade::kAlias;
    for (const Transform& form : cell.forms) {
      shade = std::min(shade, look_of(form.kind).shade);
    }
    out_ +=
        "<g><title>" +
        xml_text(policy_.apps_[static_cast<std::size_t>(row)].name + " sees of " +
                 policy_.fields_[static_cast<std::size_t>(column)].name + ": " + cell.purposes) +
        "</title>\n";
    box(x + 3, y + 3, kCellWidth - 6, shade);
    const std::string words = cell_words(cell);
    const bool long_words = words.size() > 8;
    text(x + kCellWidth / 2, y + 22, words, ink(shade) + (long_words ? " font-size=\"9\"" : ""),
         true);
    out_ += "</g>\n";
  }

  void legend() {
    const int y = top_ + rows() * kCellHeight + 22;
    struct Entry {
      Shade shade;
      std::string_view word;
      std::string_view says;
    };
    constexpr Entry kEntries[] = {{Shade::kAll, "all", "the value itself"},
                                  {Shade::kPart, "year", "a part of it"},
                                  {Shade::kAlias, "alias", "a pseudonym"}};
    int x = kMargin;
    for (const Entry& entry : kEntries) {
      box(x, y, kCellWidth - 6, entry.shade);
      text(x + (kCellWidth - 6) / 2, y + 19, std::string(entry.word), ink(entry.shade), true);
      text(x + kCellWidth + 2, y + 19, std::string(entry.says), "", false);
      x += kCellWidth + static_cast<int>(entry.says.size()) * kCharWidth + 28;
    }
    text(x, y + 19, "empty: never", "", false);
  }

  const CompiledPolicy& policy_;
  std::vector<Row> cells_;
  int left_ = 0;
  int slope_ = 0;
  int top_ = 0;
  int width_ = 0;
  int height_ = 0;
  std::string out_;
};

}  // namespace

std::string show_matrix(const PolicySet& policy) {
  const CompiledPolicy* compiled = as_compiled(&policy);
  return compiled == nullptr ? std::string{} : Matrix(*compiled).draw();
}

}  // namespace fieldgate::policy
