using System.Diagnostics.CodeAnalysis;

namespace Fabric.Ctl.Capture;

/// <summary>One line of hex digits.</summary>
public static class HexLine
{
    /// <summary>Reads a line; blanks, colons, "0x" before a group and everything behind "#" are passed over. Never throws.</summary>
    /// <param name="line">The line without its end, ASCII.</param>
    /// <param name="octets">What it says; empty for an empty line.</param>
    /// <param name="error">Why it is not hex.</param>
    public static bool TryParse(ReadOnlySpan<byte> line, out byte[] octets, [NotNullWhen(false)] out string? error)
    {
        var room = new byte[(line.Length + 1) / 2];
        var digits = 0;
        for (var i = 0; i < line.Length && line[i] != (byte)'#'; i++)
        {
            var c = (char)line[i];
            if (c is ' ' or '\t' or '\r' or ':')
            {
                continue;
            }

            if (c == '0' && digits % 2 == 0 && i + 1 < line.Length && (line[i + 1] | 0x20) == 'x')
            {
                i++;
                continue;
            }

            if (!char.IsAsciiHexDigit(c))
            {
                octets = [];
                error = $"column {i + 1} is not a hex digit";
                return false;
            }

            var nibble = char.IsAsciiDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
            room[digits / 2] = (byte)((room[digits / 2] << 4) | nibble);
            digits++;
        }

        if (digits % 2 != 0)
        {
            octets = [];
            error = "an odd number of hex digits";
            return false;
        }

        octets = room[..(digits / 2)];
        error = null;
        return true;
    }
}
