// SPDX-License-Identifier: BSD-3-Clause
// Texts and attributes through HDF5. The caller holds library_mutex().
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <superstep/io/h5.hpp>
#include <superstep/io/tree_file.hpp>

namespace superstep::h5 {

/// UTF-8 of any length, as h5py writes str.
Handle variable_text_type();
/// h5py's bool: FALSE and TRUE over int8.
Handle boolean_type();

/// The texts that `read(memory type, buffer)`, a call of H5Dread or H5Aread, delivers; `type` is
/// what the file says. FileError "cannot ACTION: ..." when it fails.
std::vector<std::string> read_texts(hid_t type, std::size_t count,
                                    const std::function<herr_t(hid_t, void*)>& read,
                                    const std::string& action);

/// The text in `bytes` bytes of a fixed string: up to the first NUL, without trailing blanks if
/// `padding` is one.
std::string unpadded(const char* text, std::size_t bytes, char padding);

void write_attribute(hid_t object, const std::string& name, const TreeAttribute& value);
void write_attribute(hid_t object, const std::string& name, const std::vector<std::string>& texts);
void write_attribute(hid_t object, const std::string& name,
                     const std::vector<std::int64_t>& integers);
void write_flag(hid_t object, const std::string& name, bool value);
/// A dataset of texts of any length, one dimension, without times.
void write_texts(hid_t file, const std::string& path, const std::vector<std::string>& texts);

/// In alphabetical order; no value for one that is no single text, integer or floating-point
/// number.
std::vector<std::pair<std::string, std::optional<TreeAttribute>>> read_attributes(hid_t object);
std::vector<std::pair<std::string, std::string>> attributes_as_text(hid_t object);

/// Makes the groups above `path` where they are missing, without times in them.
void make_groups_above(hid_t file, const std::string& path);

}  // namespace superstep::h5
