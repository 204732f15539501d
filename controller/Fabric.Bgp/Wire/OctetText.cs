using System.Globalization;
using System.Text;

namespace Fabric.Bgp.Wire;

/// <summary>Text that a peer sends for people.</summary>
internal static class OctetText
{
    /// <summary>UTF-8 without what could change how a terminal or a log shows the rest.</summary>
    public static string Printable(ReadOnlySpan<byte> utf8) =>
        new([.. Encoding.UTF8.GetString(utf8).Where(static c =>
            !char.IsControl(c) && char.GetUnicodeCategory(c) is not (UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator))]);
}
